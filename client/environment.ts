// What a session needs from the place it runs in. `browserEnvironment()` is the
// one for pages, `nodeEnvironment()` of `interview-sessions/node` the one for
// backends; another one, for React Native say, is an object of this type.
import type { SupabaseLike } from "./supabase.ts";

/** Where a session runs: clock, timers, tokens, page life cycle, other tabs. */
export interface Environment {
  /** Seconds on a clock that never steps: `performance.now() / 1000`. */
  now(): number;
  /**
   * Calls `work` once, after so many seconds (at most a day); the returned
   * function cancels. Should be on time in a hidden page, too.
   */
  after(seconds: number, work: () => void): () => void;
  /**
   * The access token of the user who is signed in now; null if nobody is. With
   * `renew` a fresh one: the server refused the last one, or soon will.
   */
  accessToken(supabase: SupabaseLike, renew: boolean): Promise<string | null>;
  /**
   * Reports events until the returned function is called, which also releases
   * what the environment holds, such as workers.
   */
  listen(listener: EnvironmentListener, supabase: SupabaseLike): () => void;
  /** Sends a message to the other pages of this browser. */
  post(message: unknown): void;
  /** Sends a request that outlives the page; nobody waits for the answer. */
  send(url: string, init: LastRequest): void;
  /** What this tab remembers across reloads; null if nothing. */
  recall(): string | null;
  /** Replaces what this tab remembers. */
  remember(text: string): void;
  /** A new random id: a UUID. */
  newId(): string;
}

/** A request in the form of `fetch`. */
export interface LastRequest {
  method: "POST";
  headers: Record<string, string>;
  body: string;
}

/** What an environment reports. */
export interface EnvironmentListener {
  /** The page is shown, online or thawed: answers may have been missed. */
  wake(): void;
  /** The page is closing for good. */
  leave(): void;
  /** Somebody signed in or out. */
  authChanged(): void;
  /** Another page has posted this message. */
  hear(message: unknown): void;
}
