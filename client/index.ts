// The package `interview-sessions`: the session client, and the types of the
// rows and refusals.
export { browserEnvironment } from "./browser.ts";
export { createSession } from "./session.ts";
export type { InterviewSession, SessionOptions } from "./session.ts";
export { idle } from "./state.ts";
export type {
  Outcome,
  OverReason,
  OwnReason,
  SessionError,
  SessionEvents,
  SessionState,
} from "./state.ts";
export type {
  Environment,
  EnvironmentListener,
  LastRequest,
} from "./environment.ts";
export { refusalOf } from "./refusal.ts";
export type { AnswerError, Ending, Holder, Refusal } from "./refusal.ts";
export type {
  ActiveInterviewSession,
  AdminDelivery,
  AdminEndedBucket,
  AdminEndedSession,
  AdminEndpoint,
  AdminLiveSession,
  AdminSessionDetails,
  EndReason,
  Interview,
  InterviewSessionHistory,
  SessionHealth,
  SessionStatus,
} from "./rows.ts";
export type { SupabaseLike } from "./supabase.ts";
