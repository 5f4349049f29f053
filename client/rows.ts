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
  /** Null where the chapter "deliveries" is not installed, as the next two. */
  deliveries_pending: number | null;
  deliveries_oldest_age: string | null;
  deliveries_dead: number | null;
};

/** A row of `admin_live_sessions`. */
export type AdminLiveSession = {
  user_id: string;
  email: string | null;
  session_id: string;
  interview_id: string | null;
  device: string | null;
  status: SessionStatus;
  created_at: string;
  updated_at: string;
  deadline_at: string;
  age_seconds: number;
  /** Since the last heartbeat. */
  silent_seconds: number;
  /** Of the lease; negative if it is stale. */
  seconds_left: number;
  seconds_to_deadline: number;
  /** How many there are in all pages. */
  total: number;
};

/** A session in the answer of `admin_session_history`. */
export type AdminEndedSession = {
  user_id: string;
  email: string | null;
  session_id: string;
  interview_id: string | null;
  device: string | null;
  started_at: string;
  ended_at: string;
  end_reason: EndReason;
  duration_seconds: number;
};

/** The row of `admin_session_details`. */
export type AdminSessionDetails = {
  session: {
    user_id: string;
    email: string | null;
    session_id: string;
    interview_id: string | null;
    device: string | null;
    status: SessionStatus;
    started_at: string;
    last_seen_at: string;
    /** Null while it is live or stale. */
    ended_at: string | null;
    end_reason: EndReason | null;
    /** Null if it has ended. */
    is_stale: boolean | null;
    deadline_at: string | null;
    duration_seconds: number;
    silent_seconds: number;
    seconds_to_deadline: number | null;
    revoked: { by: string; note: string | null } | null;
  };
  interview: (Interview & { seconds_to_deadline: number }) | null;
  /** The sessions of the interview, the latest first. */
  sessions: {
    session_id: string;
    device: string | null;
    started_at: string;
    ended_at: string | null;
    end_reason: EndReason | null;
    is_stale: boolean | null;
    duration_seconds: number;
  }[];
  extensions: {
    extended_at: string;
    extended_seconds: number;
    by: string;
    note: string | null;
  }[];
};

/** A row of `admin_ended_sessions`. */
export type AdminEndedBucket = {
  ended_from: string;
  end_reason: EndReason;
  sessions: number;
  median_seconds: number;
  longest_seconds: number;
};

/** A delivery in the answer of `admin_list_deliveries`: one that is not confirmed. */
export type AdminDelivery = {
  /** The `webhook-id`. */
  id: string;
  endpoint: string;
  /** `on_hold` while its endpoint is not on, `dead` after 12 attempts. */
  state: "pending" | "on_hold" | "dead";
  user_id: string;
  /** Null, too, if the user was deleted. */
  email: string | null;
  session_id: string;
  interview_id: string | null;
  end_reason: EndReason;
  /** When the session ended. */
  created_at: string;
  attempts: number;
  /** The next attempt; null if it is dead. */
  due_at: string | null;
  /** Negative if it is overdue. */
  seconds_to_due: number | null;
  last_error: string | null;
};

/** An endpoint in the answer of `admin_list_deliveries`. */
export type AdminEndpoint = {
  name: string;
  /** `gone` after an answer 410. */
  state: "on" | "off" | "gone";
  /** How many deliveries were confirmed. */
  delivered: number;
  last_delivered_at: string | null;
  last_error: string | null;
  last_error_at: string | null;
};
