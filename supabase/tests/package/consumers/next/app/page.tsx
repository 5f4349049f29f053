"use client";

import { createClient } from "@supabase/supabase-js";
import { createSession, type InterviewSession } from "interview-sessions";
import { useSecondsLeft, useSessionState } from "interview-sessions/react";
import { useEffect, useState } from "react";

const url = "https://project.supabase.co";
const key = "sb_publishable_key";

export default function Page() {
  const [session, setSession] = useState<InterviewSession>();
  useEffect(() => {
    const created = createSession(createClient(url, key));
    setSession(created);
    return () => created.dispose();
  }, []);
  return session ? <Interview session={session} /> : null;
}

function Interview({ session }: { session: InterviewSession }) {
  const state = useSessionState(session);
  const left: number | undefined = useSecondsLeft(session);
  switch (state.name) {
    case "held":
      return (
        <button onClick={() => void session.start({ takeover: true })}>
          {state.holder.device}
        </button>
      );
    case "over":
      return <p>{state.message}</p>;
    default:
      // @ts-expect-error "over" is handled above
      if (state.name === "over") return null;
      return <p>{left}</p>;
  }
}
