// The part of supabase-js that the client uses. Importing no type of supabase-js
// keeps this package independent of its version and of the app's database types.
import type { Answer } from "./refusal.ts";

/**
 * A supabase-js client, typed for any database and any schema, also one made with
 * the option `accessToken`. Its parameters are `never` here, because each of those
 * clients accepts other names.
 */
export interface SupabaseLike {
  schema(name: never): { rpc(name: never, args: never): unknown };
  auth: {
    getSession(): PromiseLike<
      { data: { session: { access_token: string } | null } }
    >;
    onAuthStateChange(
      callback: (event: string) => void,
    ): { data: { subscription: { unsubscribe(): void } } };
    refreshSession(): PromiseLike<
      { data: { session: { access_token: string } | null } }
    >;
  };
}

/** A call that has not been sent yet. */
interface Builder extends PromiseLike<Answer> {
  setHeader(name: string, value: string): Builder;
  abortSignal(signal: AbortSignal): Builder;
}

interface Api {
  rpc(name: string, args: Record<string, unknown>): Builder;
}

/** The database functions, whatever schema the client is made for. */
export function apiOf(supabase: SupabaseLike): Api {
  return supabase.schema("public" as never) as Api;
}

/** Of a client made with the option `accessToken`, whose `auth` only throws. */
function ownTokenOf(
  supabase: SupabaseLike,
): (() => PromiseLike<string | null>) | undefined {
  return (supabase as { accessToken?: () => PromiseLike<string | null> })
    .accessToken;
}

/** The access token of the user who is signed in now. */
export async function tokenOf(
  supabase: SupabaseLike,
  renew: boolean,
): Promise<string | null> {
  const own = ownTokenOf(supabase);
  if (own) return await own();
  const { data: { session } } = renew
    ? await supabase.auth.refreshSession()
    : await supabase.auth.getSession();
  return session?.access_token ?? null;
}

/** Calls `changed` when the user or the token changes. */
export function watchAuth(
  supabase: SupabaseLike,
  changed: () => void,
): () => void {
  if (ownTokenOf(supabase)) return () => {};
  const { data } = supabase.auth.onAuthStateChange(changed);
  return () => data.subscription.unsubscribe();
}
