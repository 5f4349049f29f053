// The API as supabase-js is to type it: what `supabase gen types` would write,
// which wants Docker, for the objects a client may use.

/** A row of `active_interview_sessions`: what start, heartbeat and complete answer. */
export type ActiveSession = {
  user_id: string;
  session_id: string;
  status: "active" | "completing";
  fence: number;
  device: string | null;
  created_at: string;
  updated_at: string;
  deadline_at: string;
  expires_at: string;
  previous_session_id: string | null;
  interview_id: string | null;
};

/** Why a session ended. */
export type EndReason =
  | "completed"
  | "disconnected"
  | "cleared"
  | "taken_over"
  | "expired"
  | "timed_out"
  | "revoked";

/** A row of `interview_session_history`: what end, revoke and reap answer. */
export type EndedSession = {
  user_id: string;
  session_id: string;
  fence: number;
  device: string | null;
  started_at: string;
  last_seen_at: string;
  ended_at: string;
  end_reason: EndReason;
  status: "active" | "completing";
  previous_session_id: string | null;
  duration: string;
  interview_id: string | null;
  /** Null from a dry run, which ends nothing. */
  ended_fence: number | null;
};

/** A row of `interviews`: what `extend_interview` answers. */
export type Interview = {
  user_id: string;
  interview_id: string;
  started_at: string;
  deadline_at: string;
  submitted_at: string | null;
  last_session_id: string;
};

/** The row that `session_health` answers. */
export type Health = {
  status: "ok" | "warning" | "critical";
  reason: string;
  live: number;
  completing: number;
  stale: number;
  oldest_stale_age: string | null;
  last_reap_at: string | null;
  last_reap_age: string | null;
  last_reap_failed: number | null;
  reaped_last_hour: number;
  reaped_last_day: number;
  ended_last_day: Partial<Record<EndReason, number>>;
  history_rows: number;
  active_table_bytes: number;
  history_table_bytes: number;
  overlaps_found: number;
};

/** For `createClient<Database>()`. No table may be written. */
export type Database = {
  public: {
    Tables: {
      active_interview_sessions: ReadOnly<ActiveSession>;
      interview_session_history: ReadOnly<EndedSession>;
      interviews: ReadOnly<Interview>;
    };
    Views: Record<never, never>;
    Functions: {
      start_session: Returning<
        ActiveSession,
        {
          session_id: string;
          takeover?: boolean;
          device?: string | null;
          interview_id?: string | null;
        }
      >;
      heartbeat_session: Returning<ActiveSession, { session_id: string }>;
      complete_session: Returning<ActiveSession, { session_id: string }>;
      end_session: Returning<
        EndedSession[],
        { session_id: string; reason?: EndReason | null }
      >;
      holds_session: Returning<
        boolean,
        {
          session_id: string;
          fence?: number | null;
          interview_id?: string | null;
        }
      >;
      user_holds_session: Returning<
        boolean,
        {
          user_id: string;
          session_id: string;
          fence?: number | null;
          interview_id?: string | null;
        }
      >;
      revoke_session: Returning<
        EndedSession[],
        { user_id: string; note?: string | null }
      >;
      extend_interview: Returning<
        Interview[],
        {
          user_id: string;
          interview_id: string;
          by: string;
          note?: string | null;
        }
      >;
      reap_stale_sessions: Returning<
        EndedSession[],
        { batch_size?: number; dry_run?: boolean }
      >;
      session_health: Returning<Health[], Record<never, never>>;
    };
  };
};

type ReadOnly<Row> = {
  Row: Row;
  Insert: Record<string, never>;
  Update: Record<string, never>;
  Relationships: [];
};

type Returning<Result, Args> = { Args: Args; Returns: Result };
