// One interview's session, for as long as a page has it: starts it, keeps it
// alive, tells why it is over, and ends it when the page goes for good.
//
//   idle ──start──▶ starting ──granted──▶ live ──complete──▶ completing
//                    │    │                │ ▲                   │
//                    │    └─no answer─▶ unregistered ◀─ran out───┤  (goes on
//                    │                     │                     │   trying)
//                    ▼                     ▼                     ▼
//                   held ◀──somebody else──┴───────────────────▶ over
//
// What it knows of time is the server's: spans between two of its timestamps,
// counted off on the monotonic clock. The wall clock here is never asked.
import type { SupabaseClient } from "@supabase/supabase-js";
import { type Answer, errorOf } from "./refusal.ts";
import { startTicks } from "./ticks.ts";
import type {
  ActiveSession,
  EndReason,
  SessionError,
  SessionEvent,
  SessionState,
} from "./types.ts";

/** What a session is made with. */
export interface SessionOptions {
  /** With a user who is signed in by the time of `start`. */
  supabase: SupabaseClient;
  /** The project's URL and publishable key, for the last words of a page. */
  url: string;
  key: string;
  /** What the user would call this device, as in "Chrome on Windows". */
  device?: string;
  /** Milliseconds between heartbeats (30 000); a third of the lease at most. */
  heartbeatEvery?: number;
  /** Seconds before its longest duration at which to warn (60). */
  warnBefore?: number;
  /** Told of what is not a state. */
  onEvent?(event: SessionEvent): void;
}

/** How a client may end its session. */
export type OwnReason = Extract<
  EndReason,
  "completed" | "disconnected" | "cleared"
>;

/** A session, in the hands of its page. None of it throws or rejects. */
export interface InterviewSession {
  /** Where it is: a new object whenever that changes. */
  state(): SessionState;
  /** Calls `listener` after each change, until the answer is called. */
  subscribe(listener: () => void): () => void;
  /**
   * Starts it, or starts again. Resolves with the first state that says
   * something: live, held, over, or unregistered, where it goes on trying.
   */
  start(o?: { takeover?: boolean }): Promise<SessionState>;
  /** From now on the interview is being handed in. */
  complete(): Promise<SessionState>;
  /**
   * Ends it: as completed after `complete`, unless a reason is given. If nobody
   * can be told, it runs out by itself.
   */
  end(reason?: OwnReason): Promise<SessionState>;
  /** Asks at once whether it is still held, as after a write was refused. */
  check(): void;
  /** Seconds until its longest duration; undefined unless it is held. */
  secondsLeft(): number | undefined;
  /** Stops everything here, and ends nothing there. */
  dispose(): void;
}

/** A call that hangs is given up after this. */
const CALL_MS = 8_000;

/** How often is tried what failed, and how soon the first time. */
const TRIES = 3;
const PAUSE_MS = 300;

/** While something is wrong, the next try comes after this at the latest. */
const TROUBLED_MS = 5_000;

/** A page's session. Nothing happens until `start`. */
export function createSession(o: SessionOptions): InterviewSession {
  const { supabase, heartbeatEvery = 30_000, warnBefore = 60 } = o;
  const listeners = new Set<() => void>();
  const disposed = new AbortController();
  const ticks = startTicks(tick);

  let state: SessionState = { name: "idle" };
  /** Made here, once for each session: sent again, it is the same session. */
  let id: string = crypto.randomUUID();
  let takeover = false;
  let isHandingIn = false;
  /** Its own predecessor, which ran out and is being replaced. */
  let lapsed: string | undefined;
  let deadline: { at: string; on: number; hasWarned: boolean } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Calls go out one after the other. */
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

  /** Answers the data, or throws a `SessionError`. */
  async function call<T>(
    name: string,
    more: Record<string, unknown> = {},
    stop: AbortSignal = disposed.signal,
  ): Promise<T> {
    for (let isRenewed = false;; isRenewed = true) {
      const given = [stop, disposed.signal, AbortSignal.timeout(CALL_MS)];
      sentAt = performance.now();
      const answer: Answer = await supabase
        .rpc(name, { session_id: id, ...more })
        .abortSignal(AbortSignal.any(given));
      const error = errorOf(answer);
      if (!error) return answer.data as T;
      if (error.kind !== "signed-out" || isRenewed) throw error;
      // supabase-js renews a token by the clock of this machine; the server has
      // one of its own
      const { error: problem } = await supabase.auth.refreshSession();
      if (problem) throw error;
    }
  }

  /** Every call may be sent twice: so it is, where the cause may pass. */
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
      const session = await insist<ActiveSession>("start_session", {
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
      return hold(await insist<ActiveSession>("complete_session"));
    } catch (error) {
      return await refused(error as SessionError);
    }
  }

  async function beat() {
    const { signal } = beating = new AbortController();
    try {
      // said again, it is a heartbeat; and the first may not have arrived
      const name = isHandingIn ? "complete_session" : "heartbeat_session";
      hold(await call<ActiveSession>(name, {}, signal));
    } catch (error) {
      // given up for a fresh one, which is queued
      if (!signal.aborted) await refused(error as SessionError);
    } finally {
      beating = undefined;
    }
  }

  /** Granted, or renewed. */
  function hold(session: ActiveSession): SessionState {
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

  /** It ran out unheard. If nobody else has one, the interview goes on. */
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

  /** After sleep, an outage, or a while in the cache of pages. */
  function wake() {
    if (document.visibilityState === "hidden") return;
    beating?.abort();
    tick();
  }

  /** The page is going: there is time for one request, and none to wait. */
  function leave({ persisted }: PageTransitionEvent) {
    const isOver = ["idle", "held", "over"].includes(state.name);
    // it may come back, and then asks whether it still holds
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

  const { signal } = disposed;
  for (const type of ["online", "pageshow"]) {
    addEventListener(type, wake, { signal });
  }
  for (const type of ["visibilitychange", "resume"]) {
    document.addEventListener(type, wake, { signal });
  }
  addEventListener("pagehide", leave, { signal });
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
          // that it is being handed in may not have arrived
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

/** Milliseconds between two timestamps of the server's. */
function span(from: string, to: string): number {
  return Date.parse(to) - Date.parse(from);
}
