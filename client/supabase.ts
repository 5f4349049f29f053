// The part of supabase-js that the client uses. Importing no type of supabase-js
// keeps this package independent of its version and of the app's database types.
import type { Answer } from "./refusal.ts";

/**
 * A supabase-js client, typed for any database and any schema. Its parameters
 * are `never` here, because each of those clients accepts other names.
 */
export interface SupabaseLike {
  schema(name: never): { rpc(name: never, args: never): unknown };
  auth: {
    onAuthStateChange(
      callback: (
        event: string,
        session: { access_token: string } | null,
      ) => void,
    ): { data: { subscription: { unsubscribe(): void } } };
    refreshSession(): PromiseLike<{ error: unknown }>;
  };
}

interface Api {
  rpc(
    name: string,
    args: Record<string, unknown>,
  ): { abortSignal(signal: AbortSignal): PromiseLike<Answer> };
}

/** The database functions, whatever schema the client is made for. */
export function apiOf(supabase: SupabaseLike): Api {
  return supabase.schema("public" as never) as Api;
}
