// The API as supabase-js is to type it: the types that the package prints.
import type {
  InterviewSessionFunctions,
  InterviewSessionTables,
} from "../../cli/database_types.ts";

export type {
  ActiveInterviewSession as ActiveSession,
  EndReason,
  Interview,
  InterviewSessionHistory as EndedSession,
  SessionHealth as Health,
} from "../../client/rows.ts";

/** For `createClient<Database>()`. No table may be written. */
export type Database = {
  public: {
    Tables: InterviewSessionTables;
    Views: Record<never, never>;
    Functions: InterviewSessionFunctions;
  };
};
