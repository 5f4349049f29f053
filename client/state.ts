// States, events and errors of a session, as an app sees them. Durations are in
// seconds, timestamps are the server's.
import type { Holder } from "./refusal.ts";
import type { ActiveInterviewSession, EndReason } from "./rows.ts";

/**
 * Why a session is over. `unknown`: the server does not know its id.
 * `user_changed`: another user has signed in in this browser.
 */
export type OverReason = EndReason | "unknown" | "user_changed";

/** How a client may end its session. */
export type OwnReason = Extract<
  EndReason,
  "completed" | "disconnected" | "cleared"
>;

/** Why a command or a call failed. `message` may be shown to the user. */
export type SessionError =
  /** Another session of the user is live. */
  | { kind: "held"; message: string; holder: Holder }
  | {
    kind: "over";
    message: string;
    reason: OverReason;
    endedAt: string | null;
    /** No session of this interview can start again. */
    isFinal: boolean;
  }
  | { kind: "signed-out"; message: string }
  /** No answer, or a transient error. The client tries again. */
  | { kind: "unreachable"; message: string; code: string; details: string }
  /**
   * An answer that a correct program does not get: a missing function, an invalid
   * argument, a page of a proxy. The client tries again.
   */
  | { kind: "wrong-call"; message: string; code: string; details: string }
  /** Another user has signed in in this browser. The client has stopped. */
  | { kind: "user-changed"; message: string }
  /** `dispose` was called. */
  | { kind: "disposed"; message: string }
  /** The function that was given to `submit` failed. */
  | { kind: "work-failed"; message: string; cause: unknown };

/**
 * The state of a session. `trouble` is set while the last call failed; the
 * interview goes on meanwhile.
 */
export type SessionState =
  | { name: "idle" }
  | { name: "starting" }
  /** Not registered yet, or no longer for certain. The client tries again. */
  | { name: "unregistered"; trouble: SessionError }
  | { name: "held"; message: string; holder: Holder }
  | { name: "live"; session: ActiveInterviewSession; trouble?: SessionError }
  | {
    name: "completing";
    session: ActiveInterviewSession;
    trouble?: SessionError;
  }
  | {
    name: "over";
    reason: OverReason;
    message: string;
    endedAt: string | null;
    /** No session of this interview can start again. */
    isFinal: boolean;
  };

/** The state before `start`, and on a server. */
export const idle: SessionState = { name: "idle" };

/** What a command led to. `error` is null if it did what it is for. */
export interface Outcome {
  state: SessionState;
  error: SessionError | null;
}

/** The events of a session, by name. */
export interface SessionEvents {
  /** The first grant after `start`. */
  started: { session: ActiveInterviewSession };
  /** The lease had run out, in sleep or an outage; a new session was granted. */
  resumed: { session: ActiveInterviewSession; previous_session_id: string };
  /** Ended by somebody else or by time. */
  lost: { reason: OverReason; message: string };
  /** Ended by this page, as the server has confirmed. */
  ended: { reason: EndReason; at: string | null };
  /** A call failed, for the first time after one that did not. */
  trouble: { error: SessionError };
  /** A call succeeded again. */
  recovered: { session: ActiveInterviewSession };
  /** So many seconds are left. Once for each `warnAt` and deadline. */
  deadline: { secondsLeft: number };
  /** The deadline has been moved. */
  extended: { deadlineAt: string; secondsLeft: number };
}
