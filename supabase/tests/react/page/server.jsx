// Renders the hooks on a server, twice: nothing is sent, kept or left running.
import { createClient } from "@supabase/supabase-js";
import { StrictMode } from "react";
import { renderToString } from "react-dom/server";
import {
  useDrafts,
  useInterviewSession,
  useSecondsLeft,
  useSessionEvent,
} from "../../../../client/react.ts";

function unexpected() {
  throw new Error("a server sends nothing");
}

const supabase = createClient("http://api.example", "sb_publishable_key", {
  global: { fetch: unexpected },
  // Node 20 has no WebSocket, which supabase-js asks for
  realtime: { transport: class {} },
});

function Room() {
  const { session, state } = useInterviewSession(supabase, {
    interviewId: "interview 1",
  });
  useSessionEvent(session, "lost", unexpected);
  const left = useSecondsLeft(session);
  const { state: drafts } = useDrafts(session, {
    interviewId: "interview 1",
    userId: "user",
    load: unexpected,
    save: unexpected,
  });
  return (
    <p>
      {[
        state.name,
        left ?? "unknown",
        drafts.status,
        String(drafts.isRestoring),
      ].join(" ")}
    </p>
  );
}

for (const _ of [1, 2]) {
  console.log(renderToString(
    <StrictMode>
      <Room />
    </StrictMode>,
  ));
}
