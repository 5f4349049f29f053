// Reads the refusals of the database functions from supabase-js's answers.
import { attempt } from "./common.ts";
import type { EndReason, SessionStatus } from "./rows.ts";
import type { SessionError } from "./state.ts";

/** The session that a start collides with. */
export interface Holder {
  session_id: string;
  device: string | null;
  status: SessionStatus;
  created_at: string;
  updated_at: string;
  /** Seconds until it ends by itself if it sends no heartbeat. */
  expires_in: number;
}

/** How a session or an interview ended. */
export interface Ending {
  session_id: string;
  /** Null for an id that was never known. */
  end_reason: EndReason | null;
  ended_at: string | null;
  /** Set if no session of this interview can start again. */
  interview_id?: string;
}

/**
 * A refusal by a database function, with its details parsed. `message` can be
 * shown to the user; `hint` tells the developer what to do.
 */
export type Refusal =
  & { message: string; hint: string }
  & (
    /** Nobody is signed in. */
    | { code: "PT401"; details: null }
    /** Another session is live. */
    | { code: "PT409"; details: Holder }
    /** This session or interview is over. */
    | { code: "PT410"; details: Ending }
    /** An argument is invalid. */
    | { code: "22023"; details: { argument: string } }
  );

/** As much of the error of a supabase-js answer as is read here. */
export interface AnswerError {
  code?: string;
  message: string;
  details?: string | null;
  hint?: string | null;
}

/** As much of a supabase-js answer as is read here. */
export interface Answer {
  data: unknown;
  error: AnswerError | null;
  status: number;
}

const codes = /^(PT4(01|09|10)|22023)$/;

/** The refusal in the `error` of a supabase-js answer, if it is one. */
export function refusalOf(error: AnswerError | null): Refusal | undefined {
  if (!error?.code || !codes.test(error.code)) return undefined;
  const { code, message, details, hint } = error;
  const parsed = attempt(() => Object(JSON.parse(details ?? ""))) ?? null;
  // an answer with such a code and without details is none of ours
  if (!parsed && code !== "PT401") return undefined;
  return { code, message, details: parsed, hint: hint ?? "" } as Refusal;
}

/**
 * Worth a retry: no answer, busy servers; lock timeouts, serialization failures, a
 * lost connection.
 */
const transient = /^(0|408|429|5..|(08|40|53|55|57)...|PGRST00[0-3])$/;

/** Classifies a failed answer; undefined if it did not fail. */
export function errorOf({ error, status }: Answer): SessionError | undefined {
  if (!error) return undefined;
  const { code = "", message } = error;
  const refusal = refusalOf(error);
  if (refusal?.code === "PT409") {
    return { kind: "held", message, holder: refusal.details };
  }
  if (refusal?.code === "PT410") {
    const { end_reason, ended_at, interview_id } = refusal.details;
    return {
      kind: "over",
      message,
      reason: end_reason ?? "unknown",
      endedAt: ended_at,
      isFinal: interview_id !== undefined,
    };
  }
  if (status === 401) return signedOut;
  const isTransient = transient.test(`${status}`) || transient.test(code);
  return isTransient ? noAnswer(message, code) : unexpected(message, code);
}

/** Nobody is signed in, or the token is not accepted. */
export const signedOut: SessionError = {
  kind: "signed-out",
  message: "You are not signed in.",
};

/** No answer, or none yet. */
export function noAnswer(details: string, code = ""): SessionError {
  const message = "The server does not answer.";
  return { kind: "unreachable", message, code, details };
}

/** An answer that is none to the question. */
export function unexpected(details: string, code = ""): SessionError {
  const message = "The server's answer was not expected.";
  return { kind: "wrong-call", message, code, details };
}
