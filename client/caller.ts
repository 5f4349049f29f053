// Calls of the database functions: one at a time, as one user, within a limit.
import { attempt } from "./common.ts";
import type { Environment } from "./environment.ts";
import { errorOf, noAnswer, signedOut, unexpected } from "./refusal.ts";
import type { SessionError } from "./state.ts";
import { apiOf, keyOf, type SupabaseLike } from "./supabase.ts";

/** Seconds that a call may take, with the renewal of a token. */
const limit = 8;

/** Seconds before the second attempt of a call; the next pauses are longer. */
const pauseBefore = 0.3;

/** The data of an answer and when it was asked for, or what went wrong. */
export type Answered<T> =
  | { data: T; sentAt: number; error: null }
  | { error: SessionError };

/** Tells data of the expected form from the answer of a proxy. */
export type Expected<T> = (data: unknown) => data is T;

type Arguments = Record<string, unknown>;

/** Calls of one session. Nothing rejects. */
export interface Caller {
  /** Calls once, or while there is no answer, for so many seconds. */
  call<T>(
    name: string,
    args: Arguments,
    isExpected: Expected<T>,
    seconds?: number,
  ): Promise<Answered<T>>;
  /** Sends a call with the last token, and does not wait for the answer. */
  sendLast(name: string, args: Arguments): void;
  /** The server's clock was this when an answer was asked for. */
  clockWas(time: string, sentAt: number): void;
  /** Resolves after so many seconds, or when the client is disposed of. */
  pause(seconds: number): Promise<void>;
  /** Gives up the call under way. */
  abort(): void;
  /** Gives up the call under way, and refuses all others. */
  dispose(): void;
}

/** A caller; tokens are renewed that lapse within so many seconds. */
export function createCaller(
  supabase: SupabaseLike,
  environment: Environment,
  renewWithin: () => number,
): Caller {
  const api = apiOf(supabase);
  const key = keyOf(supabase);
  let isDisposed = false;
  /** Ends what is waited for. */
  let stop: ((error: SessionError) => void) | undefined;
  let user: string | undefined;
  let token: string | undefined;
  /** Seconds from the environment's clock to the server's, at most. */
  let serverAhead: number | undefined;

  /** Waits for `work`, but not longer than so many seconds. */
  function within<T>(
    seconds: number,
    work: (signal: AbortSignal) => Promise<Answered<T>>,
  ): Promise<Answered<T>> {
    if (isDisposed) return Promise.resolve({ error: disposed });
    const controller = new AbortController();
    return new Promise((resolve) => {
      const settle = (answer: Answered<T>) => {
        // by now another call may be under way
        if (controller.signal.aborted) return;
        cancel();
        stop = undefined;
        controller.abort();
        resolve(answer);
      };
      const cancel = environment.after(
        seconds,
        () => settle({ error: noAnswer("timeout") }),
      );
      stop = (error) => settle({ error });
      work(controller.signal).then(
        settle,
        (problem) => settle({ error: noAnswer(String(problem)) }),
      );
    });
  }

  async function send<T>(
    name: string,
    args: Arguments,
    isExpected: Expected<T>,
    signal: AbortSignal,
  ): Promise<Answered<T>> {
    for (let renew = false;; renew = true) {
      const current = await currentToken(renew);
      if (typeof current !== "string") return { error: current };
      // given up meanwhile: nobody wants it sent any more
      if (signal.aborted) return { error: noAnswer("given up") };
      const sentAt = environment.now();
      const answer = await request(name, args, current).abortSignal(signal);
      const error = errorOf(answer);
      // supabase-js decides by this machine's clock when to renew a token; the
      // server decides by its own
      if (error?.kind === "signed-out" && !renew && !signal.aborted) continue;
      if (error) return { error };
      const { data } = answer;
      return isExpected(data)
        ? { data, sentAt, error: null }
        : { error: unexpected("no session") };
    }
  }

  function request(name: string, args: Arguments, token: string) {
    return api.rpc(name, args).setHeader("Authorization", `Bearer ${token}`);
  }

  /** The user's token, or why there is none. */
  async function currentToken(renew: boolean): Promise<string | SessionError> {
    let current = await environment.accessToken(supabase, renew);
    if (current && !renew && lapsesSoon(current)) {
      current = await environment.accessToken(supabase, true).catch(() =>
        null
      ) ?? current;
    }
    if (!current) return signedOut;
    const { sub } = claimsOf(current);
    user ??= sub;
    if (sub !== user) return userChanged;
    return token = current;
  }

  function lapsesSoon(token: string): boolean {
    const { exp } = claimsOf(token);
    if (serverAhead === undefined || exp === undefined) return false;
    return exp < environment.now() + serverAhead + renewWithin();
  }

  const caller: Caller = {
    async call(name, args, isExpected, seconds = 0) {
      const giveUpAt = environment.now() + seconds;
      for (let pause = pauseBefore;; pause = Math.min(pause * 3, 3)) {
        const answer = await within(
          limit,
          (signal) => send(name, args, isExpected, signal),
        );
        const isTransient = answer.error?.kind === "unreachable";
        if (!isTransient || environment.now() + pause >= giveUpAt) {
          return answer;
        }
        await caller.pause(pause);
      }
    },
    sendLast(name, args) {
      if (!token || isDisposed) return;
      const { url, headers } = request(name, args, token);
      environment.send(String(url), {
        method: "POST",
        headers: {
          ...Object.fromEntries(new Headers(headers)),
          // what supabase-js adds when it sends
          apikey: key,
          "content-type": "application/json",
          "content-profile": "public",
        },
        body: JSON.stringify(args),
      });
    },
    clockWas(time, sentAt) {
      serverAhead = Date.parse(time) / 1000 - sentAt;
    },
    pause: async (seconds) => {
      await within<null>(seconds, () => new Promise(() => {}));
    },
    abort: () => stop?.(noAnswer("given up")),
    dispose() {
      isDisposed = true;
      stop?.(disposed);
    },
  };
  return caller;
}

/** What is read of a token, which only the server can verify. */
function claimsOf(token: string): { sub?: string; exp?: number } {
  const payload = token.split(".")[1] ?? "";
  const json = () => atob(payload.replace(/-/g, "+").replace(/_/g, "/"));
  return attempt(() => JSON.parse(json())) ?? {};
}

/** The client was disposed of. */
export const disposed: SessionError = {
  kind: "disposed",
  message: "This session was disposed of.",
};

/** Another user has signed in in this browser. */
export const userChanged: SessionError = {
  kind: "user-changed",
  message: "Another user has signed in.",
};
