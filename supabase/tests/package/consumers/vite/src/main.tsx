import { createClient } from "@supabase/supabase-js";
import { createSession, type InterviewSession } from "interview-sessions";
import { useSecondsLeft, useSessionState } from "interview-sessions/react";
import { createRoot } from "react-dom/client";

const url = "https://project.supabase.co";
const key = "sb_publishable_key";

function Status({ session }: { session: InterviewSession }) {
  const state = useSessionState(session);
  const left = useSecondsLeft(session);
  return <p>{state.name} {left}</p>;
}

const session = createSession(createClient(url, key));
createRoot(document.getElementById("root")!).render(
  <Status session={session} />,
);
await session.start();
