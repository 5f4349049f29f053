// The package `interview-sessions/node`: the environment of a backend that holds
// sessions for its users, each with that user's token.
import { after, newId, now, send } from "./common.ts";
import type { Environment } from "./environment.ts";
import { tokenOf, watchAuth } from "./supabase.ts";

/** The options of `nodeEnvironment`. */
export interface NodeOptions {
  /**
   * The user's access token, asked for before each call, and once more if the
   * server refuses it. One supabase client then serves all users. Without it, the
   * token is that of the client.
   */
  accessToken?: (() => Promise<string | null>) | undefined;
}

/**
 * The environment of one session in Node. Nothing ends the session when the
 * process does: call `end()` first, or its lease runs out.
 */
export function nodeEnvironment(
  { accessToken }: NodeOptions = {},
): Environment {
  return {
    now,
    after,
    accessToken: accessToken ? async () => await accessToken() : tokenOf,
    listen: ({ authChanged }, supabase) =>
      accessToken ? () => {} : watchAuth(supabase, authChanged),
    post() {},
    send,
    recall: () => null,
    remember() {},
    newId,
  };
}
