// States, events and errors of a session, as an app sees them.
import type { Holder } from "./refusal.ts";
import type { ActiveInterviewSession, EndReason } from "./rows.ts";

/** Why a call failed. `message` may be shown to the user. */
export type SessionError =
  | { kind: "held"; message: string; holder: Holder }
  | {
    kind: "over";
    message: string;
    /** Null for an id that was never known. */
    reason: EndReason | null;
    ended_at: string | null;
  }
  | { kind: "signed-out"; message: string }
  /** No answer, or a transient error: the next try may succeed. */
  | { kind: "unreachable"; message: string; code: string }
  /** A mistake in the calling program: a retry does not help. */
  | { kind: "wrong-call"; message: string; code: string };

/**
 * The state of a session. `trouble` is set while the last call failed for a
 * transient reason; the interview goes on meanwhile.
 */
export type SessionState =
  | { name: "idle" }
  | { name: "starting" }
  | { name: "unregistered"; trouble: SessionError }
  | { name: "held"; message: string; holder: Holder }
  | { name: "live"; session: ActiveInterviewSession; trouble?: SessionError }
  | {
    name: "completing";
    session: ActiveInterviewSession;
    trouble?: SessionError;
  }
  /** `message` is set unless this page ended the session itself. */
  | { name: "over"; reason: EndReason | null; message?: string };

/** What an app may want to tell its user, besides the state. */
export type SessionEvent =
  /** The lease ran out, in sleep or an outage; a new session was granted. */
  | {
    type: "resumed";
    previous_session_id: string;
    session: ActiveInterviewSession;
  }
  /** The deadline is near. Once for each deadline. */
  | { type: "deadline"; seconds_left: number };
