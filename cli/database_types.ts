// The API of interview sessions as supabase-js is to type it. "types" prints this
// file after client/rows.ts, in the place of the import.
import type {
  ActiveInterviewSession,
  EndReason,
  Interview,
  InterviewSessionHistory,
  SessionHealth,
  SessionStatus,
} from "../client/rows.ts";

/** The tables, which only the functions write. */
export type InterviewSessionTables = {
  active_interview_sessions: ReadOnly<ActiveInterviewSession>;
  interview_session_history: ReadOnly<InterviewSessionHistory>;
  interviews: ReadOnly<Interview>;
};

/** What the reaper moved, or a dry run would move: that ends nothing, and has no fence. */
export type ReapedSession = Omit<InterviewSessionHistory, "ended_fence"> & {
  ended_fence: number | null;
};

/** The functions; those of the admin chapter exist only if it is installed. */
export type InterviewSessionFunctions = {
  start_session: Rpc<
    {
      session_id: string;
      takeover?: boolean;
      device?: string | null;
      interview_id?: string | null;
    },
    ActiveInterviewSession
  >;
  heartbeat_session: Rpc<{ session_id: string }, ActiveInterviewSession>;
  complete_session: Rpc<{ session_id: string }, ActiveInterviewSession>;
  end_session: Rpc<
    { session_id: string; reason?: EndReason | null },
    InterviewSessionHistory[]
  >;
  holds_session: Rpc<
    {
      session_id: string;
      fence?: number | null;
      interview_id?: string | null;
    },
    boolean
  >;
  user_holds_session: Rpc<
    {
      user_id: string;
      session_id: string;
      fence?: number | null;
      interview_id?: string | null;
    },
    boolean
  >;
  revoke_session: Rpc<
    { user_id: string; note?: string | null },
    InterviewSessionHistory[]
  >;
  extend_interview: Rpc<
    {
      user_id: string;
      interview_id: string;
      by: string;
      note?: string | null;
    },
    Interview[]
  >;
  reap_stale_sessions: Rpc<
    { batch_size?: number; dry_run?: boolean },
    ReapedSession[]
  >;
  session_health: Rpc<Record<never, never>, SessionHealth[]>;
  admin_live_sessions: Rpc<
    Record<never, never>,
    {
      user_id: string;
      email: string | null;
      session_id: string;
      device: string | null;
      status: SessionStatus;
      created_at: string;
      updated_at: string;
      age_seconds: number;
      seconds_left: number;
    }[]
  >;
  admin_ended_sessions: Rpc<
    { since: string; bucket?: string },
    {
      ended_from: string;
      end_reason: EndReason;
      sessions: number;
      median_seconds: number;
      longest_seconds: number;
    }[]
  >;
  admin_session_health: Rpc<Record<never, never>, SessionHealth[]>;
  admin_revoke_session: Rpc<
    { user_id: string; note?: string | null },
    InterviewSessionHistory[]
  >;
};

/** The types of an app's database, with interview sessions. */
export type WithInterviewSessions<
  App extends { public: { Tables: object; Functions: object } },
> = Omit<App, "public"> & {
  public: Omit<App["public"], "Tables" | "Functions"> & {
    Tables:
      & Omit<App["public"]["Tables"], keyof InterviewSessionTables>
      & InterviewSessionTables;
    Functions:
      & Omit<App["public"]["Functions"], keyof InterviewSessionFunctions>
      & InterviewSessionFunctions;
  };
};

type ReadOnly<Row> = {
  Row: Row;
  Insert: Record<string, never>;
  Update: Record<string, never>;
  Relationships: [];
};

type Rpc<Args, Returns> = { Args: Args; Returns: Returns };
