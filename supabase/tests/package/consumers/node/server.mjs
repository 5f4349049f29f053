// Renders a page on a server, before any session has started.
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { createClient } from "@supabase/supabase-js";
import { createSession } from "interview-sessions";
import { useSecondsLeft, useSessionState } from "interview-sessions/react";

const supabase = createClient("http://api.example", "sb_publishable_key", {
  global: {
    fetch: () => {
      throw new Error("the server sends nothing");
    },
  },
  // Node 20 has no WebSocket, which supabase-js asks for
  realtime: { transport: class {} },
});

function Status({ session }) {
  const { name } = useSessionState(session);
  const left = useSecondsLeft(session);
  return createElement("p", null, `${name}, ${left ?? "no"} seconds left`);
}

const session = createSession(supabase);
console.log(renderToString(createElement(Status, { session })));
