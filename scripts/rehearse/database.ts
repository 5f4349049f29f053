// The API as supabase-js is to type it: the types that the package prints.
import type {
  ActiveInterviewSession,
  EndedInterviewSession,
  EndReason,
  Interview,
  InterviewSessionFunctions,
  InterviewSessionHealth,
  InterviewSessionTables,
} from "../../cli/database_types.ts";

export type {
  ActiveInterviewSession as ActiveSession,
  EndedInterviewSession as EndedSession,
  EndReason,
  Interview,
  InterviewSessionHealth as Health,
};

/** For `createClient<Database>()`. No table may be written. */
export type Database = {
  public: {
    Tables: InterviewSessionTables;
    Views: Record<never, never>;
    Functions: InterviewSessionFunctions;
  };
};
