import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { createSession } from "interview-sessions";

interface Schema<Functions> {
  Tables: {
    notes: {
      Row: { id: number };
      Insert: { id: number };
      Update: { id?: number };
      Relationships: [];
    };
  };
  Views: Record<never, never>;
  Functions: Functions;
  Enums: Record<never, never>;
  CompositeTypes: Record<never, never>;
}

interface Database {
  public: Schema<Record<never, never>>;
  other: Schema<{
    count_notes: { Args: { since: string }; Returns: number };
    ping: { Args: Record<PropertyKey, never>; Returns: string };
  }>;
}

const url = "https://project.supabase.co";
const key = "sb_publishable_key";

const clients = {
  other: createClient<Database, "other">(url, key, { db: { schema: "other" } }),
  onlyOther: createClient<Pick<Database, "other">, "other">(url, key, {
    db: { schema: "other" },
  }),
  public: createClient<Database>(url, key),
  untyped: createClient(url, key),
  withItsOwnTokens: createClient(url, key, {
    accessToken: () => Promise.resolve("token"),
  }),
  declared: null as unknown as SupabaseClient<Database, "other">,
};

export const sessions = [
  createSession({ supabase: clients.other, url, key }),
  createSession({ supabase: clients.onlyOther, url, key }),
  createSession({ supabase: clients.public, url, key }),
  createSession({ supabase: clients.untyped, url, key }),
  createSession({ supabase: clients.withItsOwnTokens, url, key }),
  createSession({ supabase: clients.declared, url, key }),
];

// @ts-expect-error not a client
createSession({ supabase: { auth: clients.public.auth }, url, key });
// @ts-expect-error the URL is missing
createSession({ supabase: clients.public, key });
