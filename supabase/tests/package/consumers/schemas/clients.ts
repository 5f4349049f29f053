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
  createSession(clients.other),
  createSession(clients.onlyOther),
  createSession(clients.public),
  createSession(clients.untyped),
  createSession(clients.withItsOwnTokens),
  createSession(clients.declared),
];

// @ts-expect-error not a client
createSession({ auth: clients.public.auth });
// @ts-expect-error no such option
createSession(clients.public, { url });
