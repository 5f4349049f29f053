// The package `interview-sessions`: the session client, and the types of the
// rows and refusals.
export { createSession } from "./session.ts";
export type { InterviewSession, OwnReason, SessionOptions } from "./session.ts";
export { refusalOf } from "./refusal.ts";
export type { AnswerError, Ending, Holder, Refusal } from "./refusal.ts";
export type {
  ActiveInterviewSession,
  EndReason,
  Interview,
  InterviewSessionHistory,
  SessionHealth,
  SessionStatus,
} from "./rows.ts";
export type { SessionError, SessionEvent, SessionState } from "./state.ts";
export type { SupabaseLike } from "./supabase.ts";
