// The session helper: what an app imports.
export { createSession } from "./session.ts";
export type { InterviewSession, OwnReason, SessionOptions } from "./session.ts";
export type {
  ActiveSession,
  EndReason,
  Holder,
  SessionError,
  SessionEvent,
  SessionState,
} from "./types.ts";
