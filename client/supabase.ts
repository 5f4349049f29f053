// The part of supabase-js that the client uses. Importing no type of supabase-js
// keeps this package independent of its version and of the app's database types.
import { after } from "./common.ts";
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
  /** Protected in the types of supabase-js; `keyOf` checks that they exist. */
  url: URL | string;
  headers: Headers | Record<string, string>;
}

interface Api {
  rpc(name: string, args: Record<string, unknown>): Builder;
}

/** The database functions, whatever schema the client is made for. */
export function apiOf(supabase: SupabaseLike): Api {
  return supabase.schema("public" as never) as Api;
}

/**
 * The key of the client. The request that ends the session on page close is made
 * of the client's key and of a call's URL and headers, which its types hide:
 * throws if this version of supabase-js does not have them.
 */
export function keyOf(supabase: SupabaseLike): string {
  const { supabaseKey } = supabase as { supabaseKey?: string };
  const call: Partial<Builder> = apiOf(supabase).rpc("end_session", {});
  const { url, headers, setHeader } = call;
  if (supabaseKey && url && headers && setHeader) return supabaseKey;
  throw new Error("Not a client of supabase-js 2.46 or later.");
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

/** Calls `changed` when somebody signs in or out. */
export function watchAuth(
  supabase: SupabaseLike,
  changed: () => void,
): () => void {
  if (ownTokenOf(supabase)) return () => {};
  // neither the first event nor renewals, which calls cause themselves
  const { data } = supabase.auth.onAuthStateChange((event) => {
    if (/^SIGNED/.test(event)) {
      changed();
      // what another tab has stored may not be here yet
      after(1, changed);
    }
  });
  return () => data.subscription.unsubscribe();
}
