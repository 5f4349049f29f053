// The session helper, as React sees it.
import { useEffect, useState, useSyncExternalStore } from "react";
import type { InterviewSession, SessionState } from "../session/index.ts";

/** The state of a session, rendered anew when it changes. */
export function useSessionState(session: InterviewSession): SessionState {
  return useSyncExternalStore(session.subscribe, session.state);
}

/** Seconds until the interview's longest duration, about twice a second. */
export function useSecondsLeft(session: InterviewSession): number | undefined {
  const [left, setLeft] = useState(session.secondsLeft);
  useEffect(() => {
    const timer = setInterval(() => setLeft(session.secondsLeft()), 500);
    return () => clearInterval(timer);
  }, [session]);
  return left;
}
