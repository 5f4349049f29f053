// The keys of the local stack. They are no secrets: they are the same for
// everybody, and open nothing but a stack on one's own machine.

/** API keys as a project has them, by name. */
export interface ApiKeys {
  /** For clients, which see what `anon` or their user may see. */
  publishable: string;
  /** For servers, which see everything; each holder has a key of its own. */
  secret: { default: string; cron: string };
}

/** The local stack's API keys. */
export const localKeys: ApiKeys = {
  publishable: "sb_publishable_local_only_interview_sessions",
  secret: {
    default: "sb_secret_local_only_interview_sessions_default",
    cron: "sb_secret_local_only_interview_sessions_cron",
  },
};

/** What the local stack's user tokens are signed with. */
export const localJwtSecret = "local-only-jwt-secret-of-interview-sessions";
