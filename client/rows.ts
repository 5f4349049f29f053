// The rows that the database functions and tables return, as the API sends them:
// timestamps are ISO 8601 by the server's clock, intervals are Postgres's text.
// Type aliases, since supabase-js does not take interfaces for rows.
// "npx interview-sessions types" prints this file, too.

/** `completing` while the client submits its results. */
export type SessionStatus = "active" | "completing";

/** Why a session ended. */
export type EndReason =
  | "completed"
  | "disconnected"
  | "cleared"
  | "taken_over"
  | "expired"
  | "timed_out"
  | "revoked";

/** A row of `active_interview_sessions`, which the lifecycle functions return. */
export type ActiveInterviewSession = {
  user_id: string;
  session_id: string;
  status: SessionStatus;
  /** The fencing token of this grant. Write it into the rows you guard. */
  fence: number;
  device: string | null;
  created_at: string;
  /** Time of the last heartbeat. */
  updated_at: string;
  deadline_at: string;
  /** End of the lease. */
  expires_at: string;
  previous_session_id: string | null;
  interview_id: string | null;
};

/** A row of `interview_session_history`: a session that has ended. */
export type InterviewSessionHistory = {
  user_id: string;
  session_id: string;
  fence: number;
  device: string | null;
  started_at: string;
  last_seen_at: string;
  ended_at: string;
  end_reason: EndReason;
  status: SessionStatus;
  previous_session_id: string | null;
  duration: string;
  interview_id: string | null;
  ended_fence: number;
};

/** A row of `interviews`: one clock for all sessions of an interview. */
export type Interview = {
  user_id: string;
  interview_id: string;
  started_at: string;
  deadline_at: string;
  submitted_at: string | null;
  last_session_id: string;
};

/**
 * The row of `session_health()`. If the health could not be determined, `status`
 * is `critical` and any figure may be null.
 */
export type SessionHealth = {
  status: "ok" | "warning" | "critical";
  reason: string;
  live: number | null;
  completing: number | null;
  stale: number | null;
  oldest_stale_age: string | null;
  last_reap_at: string | null;
  last_reap_age: string | null;
  last_reap_failed: number | null;
  reaped_last_hour: number | null;
  reaped_last_day: number | null;
  ended_last_day: Partial<Record<EndReason, number>> | null;
  history_rows: number | null;
  active_table_bytes: number | null;
  history_table_bytes: number | null;
  overlaps_found: number | null;
};
