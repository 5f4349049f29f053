// A page's session: starts it, keeps it alive, says why it is over, and ends it
// when the page is closed.
//
//   idle ──start──▶ starting ──granted──▶ live ──complete──▶ completing
//                    │    │                │ ▲                   │
//                    │    └─no answer─▶ unregistered ◀─ran out───┤  (goes on
//                    │                     │                     │   trying)
//                    ▼                     ▼                     ▼
//                   held ◀──somebody else──┴───────────────────▶ over
//
// Time left is a difference between two timestamps of the server, counted down on
// the monotonic clock. The wall clock of this machine is never read.
import { errorOf } from "./refusal.ts";
import type { ActiveInterviewSession, EndReason } from "./rows.ts";
import type { SessionError, SessionEvent, SessionState } from "./state.ts";
import { apiOf, type SupabaseLike } from "./supabase.ts";
import { startTicks } from "./ticks.ts";

/** The options of `createSession`. */
export interface SessionOptions {
  /** A supabase-js client. A user must be signed in before `start`. */
  supabase: SupabaseLike;
  /** The project's URL, for the request that ends the session on page close. */
  url: string;
  /** The project's publishable key, for the same request. */
  key: string;
  /** The user's name for this device, for example "Chrome on Windows". */
  device?: string | undefined;
  /** Milliseconds between heartbeats (30 000); at most a third of the lease. */
  heartbeatEvery?: number | undefined;
  /** How many seconds before the deadline to warn (60). */
  warnBefore?: number | undefined;
  /** Called for events that are not states. */
  onEvent?: ((event: SessionEvent) => void) | undefined;
}

/** How a client may end its session. */
export type OwnReason = Extract<
  EndReason,
  "completed" | "disconnected" | "cleared"
>;

/** A page's session. No method throws or rejects. */
export interface InterviewSession {
  /** The current state: a new object after each change. */
  state: () => SessionState;
  /** Calls `listener` after each change; returns a function that stops this. */
  subscribe: (listener: () => void) => () => void;
  /**
   * Starts the session, or starts again. Resolves with the first state that is
   * not `starting`: live, held, over, or unregistered, which retries.
   */
  start: (o?: { takeover?: boolean | undefined }) => Promise<SessionState>;
  /** Marks the session as completing: the client is submitting its results. */
  complete: () => Promise<SessionState>;
  /**
   * Ends the session: as completed after `complete`, unless a reason is given.
   * If the server cannot be reached, the lease runs out.
   */
  end: (reason?: OwnReason) => Promise<SessionState>;
  /** Sends a heartbeat now, for example after a write was refused. */
  check: () => void;
  /** Seconds until the deadline; undefined unless the session is held. */
  secondsLeft: () => number | undefined;
  /** Stops the client. Does not end the session. */
  dispose: () => void;
}

/** Timeout of a call. */
const CALL_MS = 8_000;

/** Attempts per call, and the pause before the second; it then triples. */
const TRIES = 3;
const PAUSE_MS = 300;

/** Longest time between attempts while the server does not answer. */
const TROUBLED_MS = 5_000;

/** Creates a session client. It sends nothing until `start`. */
export function createSession(o: SessionOptions): InterviewSession {
  const { supabase, heartbeatEvery = 30_000, warnBefore = 60 } = o;
  const listeners = new Set<() => void>();
  const disposed = new AbortController();
  const ticks = startTicks(tick);

  let state: SessionState = { name: "idle" };
  /** One id per session: a retry with the same id is the same session. */
  let id: string = crypto.randomUUID();
  let takeover = false;
  let isHandingIn = false;
  /** The session of this page that ran out and is being replaced. */
  let lapsed: string | undefined;
  let deadline: { at: string; on: number; hasWarned: boolean } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Calls are sent one at a time. */
  let queue: Promise<unknown> = Promise.resolve();
  let beatIsQueued = false;
  let beating: AbortController | undefined;
  let sentAt = 0;
  let token: string | undefined;

  function become(next: SessionState): SessionState {
    state = next;
    if (!isHeld()) deadline = undefined;
    for (const listener of [...listeners]) listener();
    return state;
  }

  function isHeld(): boolean {
    return state.name === "live" || state.name === "completing";
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => {});
    return result;
  }

  /** Returns the data, or throws a `SessionError`. */
  async function call<T>(
    name: string,
    more: Record<string, unknown> = {},
    stop: AbortSignal = disposed.signal,
  ): Promise<T> {
    for (let isRenewed = false;; isRenewed = true) {
      const given = [stop, disposed.signal, AbortSignal.timeout(CALL_MS)];
      sentAt = performance.now();
      const answer = await apiOf(supabase)
        .rpc(name, { session_id: id, ...more })
        .abortSignal(AbortSignal.any(given));
      const error = errorOf(answer);
      if (!error) return answer.data as T;
      if (error.kind !== "signed-out" || isRenewed) throw error;
      // supabase-js decides by this machine's clock when to renew a token; the
      // server decides by its own
      const { error: problem } = await supabase.auth.refreshSession();
      if (problem) throw error;
    }
  }

  /** Retries after transient errors: every call may be sent twice. */
  async function insist<T>(
    name: string,
    more?: Record<string, unknown>,
  ): Promise<T> {
    for (let tried = 1;; tried++) {
      try {
        return await call<T>(name, more);
      } catch (error) {
        const { kind } = error as SessionError;
        const passes = kind === "unreachable" || kind === "signed-out";
        if (!passes || tried === TRIES || disposed.signal.aborted) throw error;
        await new Promise((resolve) =>
          setTimeout(resolve, PAUSE_MS * 3 ** (tried - 1))
        );
      }
    }
  }

  async function register(): Promise<SessionState> {
    try {
      const { device } = o;
      const session = await insist<ActiveInterviewSession>("start_session", {
        takeover,
        ...(device && { device }),
      });
      takeover = false;
      hold(session);
      if (lapsed) {
        o.onEvent?.({ type: "resumed", previous_session_id: lapsed, session });
        lapsed = undefined;
      }
      return isHandingIn ? await handIn() : state;
    } catch (error) {
      return await refused(error as SessionError);
    }
  }

  async function handIn(): Promise<SessionState> {
    try {
      return hold(await insist<ActiveInterviewSession>("complete_session"));
    } catch (error) {
      return await refused(error as SessionError);
    }
  }

  async function beat() {
    const { signal } = beating = new AbortController();
    try {
      // a second complete_session is a heartbeat; the first may have been lost
      const name = isHandingIn ? "complete_session" : "heartbeat_session";
      hold(await call<ActiveInterviewSession>(name, {}, signal));
    } catch (error) {
      // aborted by wake(), which has queued another
      if (!signal.aborted) await refused(error as SessionError);
    } finally {
      beating = undefined;
    }
  }

  /** The session was granted or renewed. */
  function hold(session: ActiveInterviewSession): SessionState {
    const { status, updated_at, expires_at, deadline_at } = session;
    ticks.every(Math.min(heartbeatEvery, span(updated_at, expires_at) / 3));
    become({ name: status === "active" ? "live" : "completing", session });
    deadline = {
      at: deadline_at,
      on: sentAt + span(updated_at, deadline_at),
      hasWarned: deadline?.at === deadline_at && deadline.hasWarned,
    };
    mindTheDeadline();
    return state;
  }

  async function refused(error: SessionError): Promise<SessionState> {
    if (disposed.signal.aborted) return state;
    switch (error.kind) {
      case "held":
        ticks.every(0);
        return become({
          name: "held",
          message: error.message,
          holder: error.holder,
        });
      case "over": {
        const { reason, message } = error;
        if (isHeld() && (reason === "expired" || reason === null)) {
          return await resume();
        }
        ticks.every(0);
        return become({ name: "over", reason, message });
      }
      case "wrong-call":
        ticks.every(0);
        return become({ name: "unregistered", trouble: error });
      default:
        if (state.name === "live" || state.name === "completing") {
          const { session } = state;
          const lease = span(session.updated_at, session.expires_at);
          ticks.every(Math.min(TROUBLED_MS, heartbeatEvery, lease / 3));
          return become({ ...state, trouble: error });
        }
        ticks.every(TROUBLED_MS);
        return become({ name: "unregistered", trouble: error });
    }
  }

  /** The lease ran out: starts a new session, unless another one is live. */
  function resume(): Promise<SessionState> {
    lapsed ??= id;
    id = crypto.randomUUID();
    become({ name: "starting" });
    return register();
  }

  function tick() {
    if (beatIsQueued) return;
    beatIsQueued = true;
    void inTurn(async () => {
      beatIsQueued = false;
      if (disposed.signal.aborted) return;
      if (isHeld()) await beat();
      else if (state.name === "unregistered") await register();
    });
  }

  function mindTheDeadline() {
    clearTimeout(timer);
    if (!deadline) return;
    const left = deadline.on - performance.now();
    const warnIn = left - warnBefore * 1000;
    if (warnIn <= 0 && !deadline.hasWarned) {
      deadline.hasWarned = true;
      o.onEvent?.({ type: "deadline", seconds_left: Math.round(left / 1000) });
    }
    timer = setTimeout(() => {
      if (deadline?.hasWarned) tick();
      else mindTheDeadline();
    }, Math.max(100, deadline.hasWarned ? left : warnIn));
  }

  /** After sleep, an outage, or time in the back/forward cache. */
  function wake() {
    if (document.visibilityState === "hidden") return;
    beating?.abort();
    tick();
  }

  /** The page is closing: there is time for one request and no answer. */
  function leave({ persisted }: PageTransitionEvent) {
    const isOver = ["idle", "held", "over"].includes(state.name);
    // a page from the back/forward cache sends a heartbeat instead: wake()
    if (persisted || isOver || !token) return;
    fetch(`${o.url}/rest/v1/rpc/end_session`, {
      method: "POST",
      keepalive: true,
      headers: {
        apikey: o.key,
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ session_id: id, reason: "disconnected" }),
    }).catch(() => {});
  }

  // in Node there is no page
  if (typeof document !== "undefined") {
    const { signal } = disposed;
    for (const type of ["online", "pageshow"]) {
      addEventListener(type, wake, { signal });
    }
    for (const type of ["visibilitychange", "resume"]) {
      document.addEventListener(type, wake, { signal });
    }
    addEventListener("pagehide", leave, { signal });
  }
  const { data: { subscription } } = supabase.auth.onAuthStateChange(
    (_event, session) => token = session?.access_token,
  );

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start(wanted = {}) {
      if (state.name === "over") id = crypto.randomUUID();
      takeover = wanted.takeover ?? false;
      isHandingIn = false;
      lapsed = undefined;
      become({ name: "starting" });
      return inTurn(register);
    },
    complete() {
      isHandingIn = true;
      return inTurn(async () => {
        if (state.name === "unregistered") return await register();
        return isHeld() ? await handIn() : state;
      });
    },
    end(reason) {
      return inTurn(async () => {
        ticks.every(0);
        clearTimeout(timer);
        const ended = await insist<{ end_reason: EndReason }[]>(
          "end_session",
          // complete_session may have been lost
          reason ?? isHandingIn ? { reason: reason ?? "completed" } : undefined,
        ).catch(() => []);
        return become({ name: "over", reason: ended[0]?.end_reason ?? null });
      });
    },
    check: tick,
    secondsLeft() {
      if (!deadline) return undefined;
      return Math.max(0, (deadline.on - performance.now()) / 1000);
    },
    dispose() {
      disposed.abort();
      ticks.stop();
      clearTimeout(timer);
      subscription.unsubscribe();
      listeners.clear();
    },
  };
}

/** Milliseconds between two timestamps of the server. */
function span(from: string, to: string): number {
  return Date.parse(to) - Date.parse(from);
}
