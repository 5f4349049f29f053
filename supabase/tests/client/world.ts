// A world for the client without a browser and without a database: a clock that
// the test moves, a server that keeps the contract of the database functions, a
// network that loses what it is told to lose, and pages.
import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import type {
  Environment,
  EnvironmentListener,
  LastRequest,
} from "../../../client/environment.ts";
import type { AnswerError } from "../../../client/refusal.ts";
import type {
  ActiveInterviewSession,
  EndReason,
} from "../../../client/rows.ts";
import type {
  InterviewSession,
  SessionOptions,
} from "../../../client/interview_session.ts";
import type { SessionEvents, SessionState } from "../../../client/state.ts";
import type { SupabaseLike } from "../../../client/supabase.ts";

// not by its name: the compiler is to check it with a browser's types
const module = "../../../client/index.ts";
export const { createSession }: {
  createSession(supabase: SupabaseLike, o: SessionOptions): InterviewSession;
} = await import(module);

/** What happens to a call. */
export type Fate =
  | "answered"
  /** It never arrives, and fails. */
  | "lost"
  /** It arrives; its answer does not. */
  | "unheard"
  /** It never arrives, and nobody says so. */
  | "hangs"
  /** It arrives; nobody ever hears of it. */
  | "hangs unheard"
  /** Something else answers. */
  | Foreign;

/** What proxies, captive portals and mistakes answer. */
export interface Foreign {
  status: number;
  error?: AnswerError;
  data?: unknown;
}

/** A call that was sent. */
export interface Call {
  name: string;
  session_id: string;
  user: string;
  args: Record<string, unknown>;
  isOpen: boolean;
}

/** A page, and what it has shown and told. */
export interface Page {
  session: InterviewSession;
  states: SessionState[];
  events: { name: keyof SessionEvents; event: unknown }[];
  calls: Call[];
  /** What it sent while it closed. */
  last: { url: string; init: LastRequest }[];
  /** What the page life cycle reports. */
  listener(): EnvironmentListener | undefined;
  /** Who is signed in: the user, and when the token lapses; null for nobody. */
  signedIn: { user: string; exp: number } | null;
  /** How often a token was renewed. */
  renewals: number;
  /** What asking for a token does instead. */
  tokens?: () => Promise<string | null>;
  is(name: SessionState["name"]): void;
}

interface Row extends ActiveInterviewSession {
  user_id: string;
}

/** The settings of the server. */
export interface Settings {
  lease: number;
  maxDuration: number;
  takeover: "allowed" | "refused";
}

/** Everything that a test moves. */
export interface World {
  settings: Settings;
  /** Moves the clock, with everything that is due. */
  advance(seconds: number): Promise<void>;
  /** Waits until nothing happens without the clock. */
  settle(): Promise<void>;
  /** Decides the fate of each call; "answered" by default. */
  fate: (call: Call) => Fate;
  /** Seconds by which the server's clock is ahead; may jump. */
  serverAhead: number;
  /** The live session of a user. */
  live(user?: string): Row | undefined;
  /** How a session ended. */
  endOf(session_id: string): EndReason | undefined;
  /** As the server answers it, without a network. */
  rpc(user: string, name: string, args: Record<string, unknown>): {
    data: unknown;
    error: AnswerError | null;
    status: number;
  };
  /** Ends the live session of a user. */
  revoke(user?: string): void;
  /** Moves a deadline. */
  extend(seconds: number, user?: string): void;
  /** Forgets everything, as after a restore. */
  forget(): void;
  page(
    o?: SessionOptions & { user?: string; tab?: Tab; browser?: Browser },
  ): Page;
  /** Timers that run. */
  timers(): number;
  now(): number;
  after(seconds: number, work: () => void): () => void;
  /** Called when a call is sent; what it throws is a problem. */
  onCall: (call: Call) => void;
  /** Called when the server has answered with so many seconds of lease. */
  onGrant: (call: Call, lease: number) => void;
  /** What listeners and the functions above have thrown. */
  problems: unknown[];
}

/** What a tab remembers. */
export type Tab = { text: string | null };

/** The pages of a browser. */
export type Browser = Set<EnvironmentListener>;

const messages: Record<EndReason, string> = {
  completed: "This interview was submitted.",
  disconnected: "This interview was left.",
  cleared: "This interview was closed.",
  taken_over: "This interview was continued elsewhere.",
  expired: "This interview ended because its page lost contact for too long.",
  timed_out: "The time for this interview is up.",
  revoked: "This interview was ended by an administrator.",
};

export function makeWorld(): World {
  const settings: Settings = {
    lease: 300,
    maxDuration: 900,
    takeover: "allowed",
  };
  let now = 1000;
  let timers: { at: number; work: () => void }[] = [];
  let live = new Map<string, Row>();
  let ended = new Map<
    string,
    { user: string; reason: EndReason; at: string }
  >();
  const interviews = new Map<
    string,
    { deadline: number; submitted?: string; last: string }
  >();
  let fence = 0;
  let ids = 0;

  const serverNow = () => now + 1_700_000_000 + world.serverAhead;
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString();
  const seconds = (time: string) => Date.parse(time) / 1000;

  function refusal(code: string, message: string, details: unknown) {
    return {
      data: null,
      status: Number(code.slice(2)),
      error: { code, message, details: JSON.stringify(details), hint: "" },
    };
  }

  function over(session_id: string, reason?: EndReason, more = {}) {
    return refusal(
      "PT410",
      reason ? messages[reason] : "There is no such interview session.",
      {
        session_id,
        end_reason: reason ?? null,
        ended_at: ended.get(session_id)?.at ?? null,
        ...more,
      },
    );
  }

  function retire(row: Row, reason: EndReason) {
    const isStale = seconds(row.expires_at) <= serverNow();
    const stale = row.expires_at >= row.deadline_at ? "timed_out" : "expired";
    live.delete(row.user_id);
    ended.set(row.session_id, {
      user: row.user_id,
      reason: isStale ? stale : reason,
      at: iso(Math.min(serverNow(), seconds(row.expires_at))),
    });
  }

  function liveOf(user: string): Row | undefined {
    const row = live.get(user);
    if (row && seconds(row.expires_at) <= serverNow()) {
      retire(row, "expired");
      return undefined;
    }
    return row;
  }

  function granted(row: Row) {
    return { data: { ...row }, error: null, status: 200 };
  }

  function renew(row: Row) {
    row.updated_at = iso(serverNow());
    const lease = Math.min(
      serverNow() + settings.lease,
      seconds(row.deadline_at),
    );
    row.expires_at = iso(Math.max(seconds(row.expires_at), lease));
    return granted(row);
  }

  function start(user: string, args: Record<string, unknown>) {
    const session_id = String(args.session_id);
    const interview_id = args.interview_id ? String(args.interview_id) : null;
    const row = liveOf(user);
    if (row?.session_id === session_id) return renew(row);
    const end = ended.get(session_id);
    if (end) return over(session_id, end.reason);
    const interview = interview_id ? interviews.get(interview_id) : undefined;
    if (interview?.submitted) {
      return over(session_id, "completed", { interview_id });
    }
    if (interview && interview.deadline <= serverNow()) {
      return over(session_id, "timed_out", { interview_id });
    }
    if (row) {
      if (!args.takeover || settings.takeover === "refused") {
        return refusal("PT409", "You already have an interview open.", {
          session_id: row.session_id,
          device: row.device,
          status: row.status,
          created_at: row.created_at,
          updated_at: row.updated_at,
          expires_in: seconds(row.expires_at) - serverNow(),
        });
      }
      retire(row, "taken_over");
    }
    const deadline = interview?.deadline ?? serverNow() + settings.maxDuration;
    const fresh: Row = {
      user_id: user,
      session_id,
      status: "active",
      fence: ++fence,
      device: args.device ? String(args.device) : null,
      created_at: iso(serverNow()),
      updated_at: iso(serverNow()),
      deadline_at: iso(deadline),
      expires_at: iso(Math.min(serverNow() + settings.lease, deadline)),
      previous_session_id: interview?.last ?? row?.session_id ?? null,
      interview_id,
    };
    if (interview_id) {
      interviews.set(interview_id, { deadline, last: session_id });
    }
    live.set(user, fresh);
    return granted(fresh);
  }

  function end(user: string, args: Record<string, unknown>) {
    const session_id = String(args.session_id);
    const row = liveOf(user);
    if (row?.session_id === session_id) {
      const own = row.status === "completing" ? "completed" : "disconnected";
      retire(row, (args.reason ?? own) as EndReason);
      const interview = row.interview_id && interviews.get(row.interview_id);
      if (interview && ended.get(session_id)?.reason === "completed") {
        interview.submitted = iso(serverNow());
      }
    }
    const known = ended.get(session_id);
    if (!known) {
      ended.set(session_id, {
        user,
        reason: "disconnected",
        at: iso(serverNow()),
      });
      return { data: [], error: null, status: 200 };
    }
    const { reason, at } = known;
    const history = { session_id, end_reason: reason, ended_at: at };
    return { data: [history], error: null, status: 200 };
  }

  function rpc(user: string, name: string, args: Record<string, unknown>) {
    const session_id = String(args.session_id);
    if (name === "start_session") return start(user, args);
    if (name === "end_session") return end(user, args);
    const row = liveOf(user);
    if (row?.session_id !== session_id) {
      const known = ended.get(session_id);
      return over(session_id, known?.user === user ? known.reason : undefined);
    }
    if (name === "complete_session" && row.status === "active") {
      row.status = "completing";
      row.deadline_at = iso(
        Math.max(seconds(row.deadline_at), serverNow() + 900),
      );
    }
    return renew(row);
  }

  function after(wait: number, work: () => void) {
    assert(wait >= 0 && wait <= 86_400, `a timer of ${wait} s`);
    const timer = { at: now + wait, work };
    timers.push(timer);
    return () => {
      timers = timers.filter((other) => other !== timer);
    };
  }

  const world: World = {
    settings,
    serverAhead: 0,
    fate: () => "answered",
    rpc,
    live: (user = "ada") => liveOf(user),
    endOf: (session_id) => ended.get(session_id)?.reason,
    timers: () => timers.length,
    now: () => now,
    after,
    onCall() {},
    onGrant() {},
    problems: [],
    settle: async () => {
      for (let i = 0; i < 2; i++) {
        await new Promise<void>((resolve) => setImmediate(() => resolve()));
      }
    },
    async advance(wait) {
      const until = now + wait;
      await world.settle();
      for (;;) {
        const next = timers.filter(({ at }) => at <= until)
          .sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers = timers.filter((timer) => timer !== next);
        now = Math.max(now, next.at);
        next.work();
        await world.settle();
      }
      now = until;
    },
    revoke(user = "ada") {
      const row = liveOf(user);
      if (row) retire(row, "revoked");
    },
    extend(more, user = "ada") {
      const row = liveOf(user);
      if (row) row.deadline_at = iso(seconds(row.deadline_at) + more);
    },
    forget() {
      live = new Map();
      ended = new Map();
    },
    page(
      {
        user = "ada",
        tab = { text: null },
        browser = new Set<EnvironmentListener>(),
        ...o
      } = {},
    ) {
      let listener: EnvironmentListener | undefined;
      const calls: Call[] = [];
      const page = {
        states: [],
        events: [],
        calls,
        last: [],
        listener: () => listener,
        signedIn: { user, exp: Infinity },
        renewals: 0,
        is(name: SessionState["name"]) {
          assert.equal(page.session.state().name, name);
        },
      } as unknown as Page;
      const environment: Environment = {
        now: () => now,
        after,
        async accessToken(_supabase, renew) {
          if (page.tokens) return await page.tokens();
          if (!page.signedIn) return null;
          if (renew) {
            page.renewals++;
            page.signedIn.exp = serverNow() + 3600;
          }
          return tokenFor(page.signedIn.user, page.signedIn.exp);
        },
        listen(given) {
          assert(!listener, "listens once");
          listener = given;
          browser.add(given);
          return () => {
            listener = undefined;
            browser.delete(given);
          };
        },
        post(message) {
          for (const other of [...browser]) {
            if (other === listener) continue;
            queueMicrotask(() => {
              if (browser.has(other)) other.hear(message);
            });
          }
        },
        send(url, init) {
          page.last.push({ url, init });
        },
        recall: () => tab.text,
        remember: (text) => void (tab.text = text),
        newId: () => `id-${++ids}`,
      };
      page.session = createSession(clientFor(calls), { environment, ...o });
      page.session.subscribe((state) => page.states.push(state));
      for (
        const name of [
          "started",
          "resumed",
          "lost",
          "ended",
          "trouble",
          "recovered",
          "deadline",
          "extended",
        ] as const
      ) page.session.on(name, (event) => page.events.push({ name, event }));
      return page;
    },
  };

  /** As much of supabase-js as the client uses. */
  function clientFor(calls: Call[]): SupabaseLike {
    return {
      supabaseKey: "a key",
      schema: () => ({
        rpc(name: string, args: Record<string, unknown>) {
          const headers = new Headers({ "x-app": "yes" });
          let signal: AbortSignal | undefined;
          const builder = {
            url: new URL(`http://api.example/rest/v1/rpc/${name}`),
            headers,
            setHeader(name: string, value: string) {
              headers.set(name, value);
              return builder;
            },
            abortSignal(given: AbortSignal) {
              signal = given;
              return builder;
            },
            then(resolve: (answer: unknown) => void) {
              void sent(calls, name, args, headers, signal).then(resolve);
            },
          };
          return builder;
        },
      }),
    } as unknown as SupabaseLike;
  }

  function noting(work: () => void) {
    try {
      work();
    } catch (problem) {
      world.problems.push(problem);
    }
  }

  async function sent(
    calls: Call[],
    name: string,
    args: Record<string, unknown>,
    headers: Headers,
    signal: AbortSignal | undefined,
  ) {
    const noAnswer = (message: string) => ({
      data: null,
      error: { message, code: "" },
      status: 0,
    });
    const { sub, exp } = claimsIn(headers.get("authorization") ?? "");
    const call: Call = {
      name,
      session_id: String(args.session_id),
      user: sub,
      args,
      isOpen: true,
    };
    calls.push(call);
    noting(() => world.onCall(call));
    try {
      const fate = world.fate(call);
      if (typeof fate === "object") return { data: null, error: null, ...fate };
      const arrives = fate !== "lost" && fate !== "hangs";
      const answer = !arrives
        ? undefined
        : exp < serverNow()
        ? { data: null, status: 401, error: { message: "JWT expired" } }
        : rpc(sub, name, args);
      if (fate === "answered") {
        const row = Object(answer?.data);
        const lease = seconds(row.expires_at) - seconds(row.updated_at);
        if (lease) noting(() => world.onGrant(call, lease));
        return await Promise.resolve(answer);
      }
      if (fate === "lost" || fate === "unheard" || signal?.aborted) {
        return noAnswer("TypeError: fetch failed");
      }
      await new Promise<void>((resolve) => {
        signal?.addEventListener("abort", () => resolve());
      });
      return noAnswer("AbortError");
    } finally {
      call.isOpen = false;
    }
  }

  return world;
}

/** A token of this form; its signature is not read here. */
export function tokenFor(sub: string, exp: number): string {
  const claims = JSON.stringify({ sub, ...(isFinite(exp) && { exp }) });
  return `header.${btoa(claims)}.signature`;
}

function claimsIn(authorization: string): { sub: string; exp: number } {
  const [, payload = ""] = authorization.split(".");
  return { exp: Infinity, ...JSON.parse(atob(payload)) };
}

/** The names of the events. */
export function told({ events }: Page): string[] {
  return events.map(({ name }) => name);
}

/** The names of the states. */
export function shown({ states }: Page): string[] {
  return states.map(({ name }) => name);
}
