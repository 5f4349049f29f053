// The package `interview-sessions/react`: hooks for React 18 and later.
import { useEffect, useState, useSyncExternalStore } from "react";
import type { InterviewSession } from "./session.ts";
import type { SessionState } from "./state.ts";

/** On a server, and while its HTML is hydrated, no session has started. */
const idle: SessionState = { name: "idle" };

/** The state of a session; renders again when it changes. */
export function useSessionState(session: InterviewSession): SessionState {
  return useSyncExternalStore(session.subscribe, session.state, () => idle);
}

/** Seconds until the deadline, updated twice a second; undefined unless held. */
export function useSecondsLeft(session: InterviewSession): number | undefined {
  const [left, setLeft] = useState(session.secondsLeft);
  useEffect(() => {
    const timer = setInterval(() => setLeft(session.secondsLeft()), 500);
    return () => clearInterval(timer);
  }, [session]);
  return left;
}
