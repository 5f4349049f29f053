// What the session helper tells: rows, refusals, states and events.

/** The session as the database has it: a row of `active_interview_sessions`. */
export interface ActiveSession {
  session_id: string;
  status: "active" | "completing";
  /** The number of this grant; goes into the rows that the session writes. */
  fence: number;
  device: string | null;
  /** Times are ISO 8601, by the server's clock. */
  created_at: string;
  updated_at: string;
  deadline_at: string;
  expires_at: string;
  previous_session_id: string | null;
}

/** Why a session ended, as in `interview_session_history.end_reason`. */
export type EndReason =
  | "completed"
  | "disconnected"
  | "cleared"
  | "taken_over"
  | "expired"
  | "timed_out"
  | "revoked";

/** The session that is in the way of a start. */
export interface Holder {
  session_id: string;
  device: string | null;
  status: "active" | "completing";
  created_at: string;
  updated_at: string;
  /** Seconds until it ends by itself, unless it is heard from. */
  expires_in: number;
}

/** Why a call was not answered as asked. `message` may be shown to the user. */
export type SessionError =
  | { kind: "held"; message: string; holder: Holder }
  | {
    kind: "over";
    message: string;
    /** Null: the id was never known. */
    reason: EndReason | null;
    ended_at: string | null;
  }
  | { kind: "signed-out"; message: string }
  /** No answer, or none that says anything: the next try may succeed. */
  | { kind: "unreachable"; message: string; code: string }
  /** A mistake in the calling program; trying again does not help. */
  | { kind: "wrong-call"; message: string; code: string };

/**
 * Where a session is. `trouble` is there while the last call failed in a way
 * that passes; the interview goes on meanwhile.
 */
export type SessionState =
  | { name: "idle" }
  | { name: "starting" }
  | { name: "unregistered"; trouble: SessionError }
  | { name: "held"; message: string; holder: Holder }
  | { name: "live"; session: ActiveSession; trouble?: SessionError }
  | { name: "completing"; session: ActiveSession; trouble?: SessionError }
  /** `message` is there when somebody or something else has ended it. */
  | { name: "over"; reason: EndReason | null; message?: string };

/** What an app may want to tell its user, beside the state. */
export type SessionEvent =
  /** It had run out unheard, in sleep or an outage; a new one was granted. */
  | { type: "resumed"; previous_session_id: string; session: ActiveSession }
  /** Its longest duration is near. Once for each deadline. */
  | { type: "deadline"; seconds_left: number };
