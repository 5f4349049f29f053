// The API of interview sessions as supabase-js is to type it. "types" prints this
// file after client/rows.ts, in the place of the import.
import type {
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

/** Which part of a list, in which order. */
export type AdminList = {
  search?: string | null;
  order_by?: string;
  descending?: boolean;
  skip?: number;
  at_most?: number;
};

/** The functions; those of an optional chapter exist only if it is installed. */
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
    { user_id: string; note?: string | null; session_id?: string | null },
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
  claim_deliveries: Rpc<
    { batch_size?: number; from_endpoint?: string | null },
    {
      id: string;
      endpoint: string;
      url: string;
      attempt: number;
      data: InterviewSessionHistory;
    }[]
  >;
  settle_deliveries: Rpc<
    {
      results: {
        id: string;
        attempt: number;
        outcome: "delivered" | "failed" | "gone" | "put_back";
        error?: string;
      }[];
    },
    number
  >;
  list_deliveries: Rpc<
    { dead?: boolean | null; at_most?: number },
    {
      id: string;
      endpoint: string;
      state: "pending" | "dead" | "on_hold";
      user_id: string;
      session_id: string;
      end_reason: EndReason;
      created_at: string;
      attempts: number;
      due_at: string | null;
      last_error: string | null;
    }[]
  >;
  retry_deliveries: Rpc<
    { endpoint?: string | null; id?: string | null },
    number
  >;
  drop_deliveries: Rpc<
    { endpoint?: string | null; id?: string | null },
    number
  >;
  admin_live_sessions: Rpc<
    AdminList & { state?: SessionStatus | "stale" | null },
    AdminLiveSession[]
  >;
  admin_session_history: Rpc<
    AdminList & {
      since?: string | null;
      until?: string | null;
      end_reason?: EndReason | null;
    },
    {
      total: number;
      /** How far back it was searched, if that is not all of the period. */
      searched_since: string | null;
      sessions: AdminEndedSession[];
    }[]
  >;
  admin_session_details: Rpc<
    { user_id: string; session_id: string },
    AdminSessionDetails[]
  >;
  admin_ended_sessions: Rpc<
    { since: string; bucket?: string },
    AdminEndedBucket[]
  >;
  admin_session_health: Rpc<Record<never, never>, SessionHealth[]>;
  admin_revoke_session: Rpc<
    { user_id: string; note?: string | null; session_id?: string | null },
    InterviewSessionHistory[]
  >;
  admin_extend_interview: Rpc<
    {
      user_id: string;
      interview_id: string;
      by: string;
      note?: string | null;
    },
    Interview[]
  >;
  admin_reap_stale_sessions: Rpc<
    { batch_size?: number },
    InterviewSessionHistory[]
  >;
  admin_list_deliveries: Rpc<
    AdminList & { state?: AdminDelivery["state"] | null },
    {
      total: number;
      /** How far back it was searched, if that is not all of them. */
      searched_since: string | null;
      deliveries: AdminDelivery[];
      endpoints: AdminEndpoint[];
    }[]
  >;
  admin_retry_deliveries: Rpc<
    { endpoint?: string | null; id?: string | null },
    number
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
