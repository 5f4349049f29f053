// A page's session: starts it, keeps it alive, says why it is over, and ends it
// when the page is closed.
//
//   idle ──start──▶ starting ──granted──▶ live ──complete──▶ completing
//                   │  ▲   │               │                      │
//                   │  │   └─no answer─▶ unregistered ◀─no answer─┤ for a lease
//                   │  └─────tries again───┘                      │
//                   ▼                                             ▼
//                  held ◀──────another session is live────────── over
//
// Every arrow is the answer of the server to a call of this page, except for "no
// answer". `held` and `over` are left by another `start`. A session whose lease ran
// out is started again under another id, unless another session is live.
//
// One call is under way at a time: commands and heartbeats take turns, in the
// order in which they were asked for. States change in the turn.
//
// Time left is a difference between two timestamps of the server, counted down on
// the monotonic clock. The wall clock of this machine is never read.
import { browserEnvironment } from "./browser.ts";
import {
  createCaller,
  disposed,
  type Expected,
  userChanged,
} from "./caller.ts";
import { createCountdown, longestTimer } from "./countdown.ts";
import { callSafely, createEmitter, report } from "./emitter.ts";
import type { InterviewSession, SessionOptions } from "./interview_session.ts";
import { createNeighbours } from "./neighbours.ts";
import { noAnswer, unexpected } from "./refusal.ts";
import type {
  ActiveInterviewSession,
  InterviewSessionHistory,
} from "./rows.ts";
import {
  idle,
  type Outcome,
  type OverReason,
  type OwnReason,
  type SessionError,
  type SessionEvents,
  type SessionState,
} from "./state.ts";
import type { SupabaseLike } from "./supabase.ts";

/** Longest time between calls while the server does not answer, in seconds. */
const troubledEvery = 5;

/** Seconds in which a command is tried again while the server does not answer. */
const insistently = 8;

/** Seconds in which a start is, before the interview goes on without. */
const startFor = 2;

/** Seconds in which the end of a submission is. */
const submitFor = 30;

/**
 * Where takeover is refused: how often a start is tried again, and after how many
 * seconds, while the goodbye of the page's predecessor may be on its way.
 */
const goodbyes = 6;
const goodbyeEvery = 0.5;

/** The server's messages to who ended the session. */
const ownMessages: Record<OwnReason, string> = {
  completed: "This interview was submitted.",
  disconnected: "This interview was left.",
  cleared: "This interview was closed.",
};

export type { InterviewSession, SessionOptions };

type Over = Extract<SessionError, { kind: "over" }>;

/**
 * Creates a session client. It has no effect until `start`: no request, listener,
 * timer or worker. Throws if `supabase` is not a supabase-js client.
 */
export function createSession(
  supabase: SupabaseLike,
  options: SessionOptions = {},
): InterviewSession {
  const { interviewId, device, heartbeatEvery = 0, warnAt = [60] } = options;
  const { environment = browserEnvironment() } = options;
  const caller = createCaller(supabase, environment, () => 2 * beatEvery);
  const neighbours = createNeighbours(
    environment,
    caller.pause,
    () => isOpen() ? id : undefined,
    check,
  );
  const countdown = createCountdown(
    environment,
    warnAt,
    (secondsLeft) => events.emit("deadline", { secondsLeft }),
    check,
  );
  const events = createEmitter<SessionEvents & { state: SessionState }>();

  let state: SessionState = idle;
  let isDisposed = false;
  let stopListening: (() => void) | undefined;

  /** One id per session: a retry with the same id is the same session. */
  let id = "";
  let isGranted = false;
  let isTakingOver = false;
  let isCompleting = false;
  /** The session of this page that ran out and is being replaced. */
  let lapsed: string | undefined;
  /** Set if this page has ended the session itself. */
  let endedAs: string | undefined;
  let leaseEndsOn = 0;
  let isTroubled = false;

  let turns: Promise<unknown> = Promise.resolve();
  // with zero, or what is no number, there would be no pause between heartbeats
  const usualEvery = Math.min(
    heartbeatEvery > 0 ? heartbeatEvery : 30,
    longestTimer,
  );
  let beatEvery = usualEvery;
  let cancelBeat = () => {};
  let isBeatDue = false;
  let isBeating = false;
  let wasWoken = false;
  let submission: Promise<Outcome> | undefined;
  /** Why the session before the last start was over. */
  let before: SessionError | null;

  function become(next: SessionState) {
    if (isDisposed) return;
    state = next;
    if (!isHeld()) countdown.clear();
    if (!isOpen()) close();
    events.emit("state", next);
  }

  function isHeld(): boolean {
    return isHeldIn(state);
  }

  /** A session is there, or may be. */
  function isOpen(): boolean {
    return isHeld() || state.name === "starting" ||
      state.name === "unregistered";
  }

  function open() {
    stopListening ??= environment.listen({
      wake,
      leave,
      authChanged: check,
      hear: neighbours.hear,
    }, supabase);
  }

  function close() {
    cancelBeat();
    stopListening?.();
    stopListening = undefined;
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = turns.then(work);
    turns = result.catch(report);
    return result;
  }

  function command(work: () => Promise<SessionError | null>): Promise<Outcome> {
    return inTurn(async () => {
      try {
        const error = isDisposed ? disposed : await work();
        return { state, error };
      } catch (problem) {
        // of the environment
        const error = noAnswer(String(problem));
        if (state.name === "starting") trouble(error);
        return { state, error };
      }
    });
  }

  /** The first call for a session under this id, and every one until a grant. */
  async function register(isSecond = false): Promise<SessionError | null> {
    neighbours.remember(id);
    let answer = await startSession(isTakingOver);
    if (
      answer.error?.kind === "held" &&
      await neighbours.isFormer(answer.error.holder.session_id)
    ) {
      for (let i = 0; i <= goodbyes && answer.error?.kind === "held"; i++) {
        if (i > 0) await caller.pause(goodbyeEvery);
        answer = await startSession(true);
      }
    }
    if (answer.error) return await failed(answer.error, isSecond);
    isTakingOver = false;
    hold(answer);
    return isCompleting ? await markCompleting() : null;
  }

  function startSession(takeover: boolean) {
    return caller.call(
      "start_session",
      {
        session_id: id,
        takeover,
        // as much as the server takes
        device: device && `${device}`.slice(0, 200),
        interview_id: interviewId,
      },
      isOurs,
      startFor,
    );
  }

  function ask(name: string, seconds?: number) {
    return caller.call(name, { session_id: id }, isOurs, seconds);
  }

  async function markCompleting(): Promise<SessionError | null> {
    const answer = await ask("complete_session", insistently);
    if (answer.error) return await failed(answer.error);
    hold(answer);
    return null;
  }

  function isOurs(data: unknown): data is ActiveInterviewSession {
    const row = Object(data) as Partial<ActiveInterviewSession>;
    return row.session_id === id &&
      secondsBetween(row.updated_at, row.expires_at) > 0 &&
      secondsBetween(row.updated_at, row.deadline_at) > 0;
  }

  /** The session was granted or renewed. */
  function hold(
    { data: session, sentAt }: { data: ActiveInterviewSession; sentAt: number },
  ) {
    const { status, updated_at, expires_at, deadline_at } = session;
    const before = "session" in state ? state.session : undefined;
    const lease = secondsBetween(updated_at, expires_at);
    const deadlineOn = sentAt + secondsBetween(updated_at, deadline_at);
    caller.clockWas(updated_at, sentAt);
    leaseEndsOn = sentAt + lease;
    // a lease that the deadline cuts short cannot be renewed
    if (expires_at !== deadline_at) {
      beatEvery = Math.min(usualEvery, lease / 3);
    }
    become({ name: status === "active" ? "live" : "completing", session });
    beatIn(beatEvery);
    if (!isGranted) {
      isGranted = true;
      neighbours.tell(id);
      if (lapsed) {
        events.emit("resumed", { session, previous_session_id: lapsed });
        lapsed = undefined;
      } else events.emit("started", { session });
    }
    if (isTroubled) {
      isTroubled = false;
      events.emit("recovered", { session });
    }
    // a listener may have disposed of it
    if (isDisposed) return;
    countdown.set(deadline_at, deadlineOn);
    // completing moves the deadline, too
    const isMoved = before?.status === status &&
      before.deadline_at !== deadline_at;
    const secondsLeft = countdown.left();
    if (isMoved && secondsLeft !== undefined) {
      events.emit("extended", { deadlineAt: deadline_at, secondsLeft });
    }
  }

  /** Changes the state after a call that failed; returns what is still wrong. */
  async function failed(
    error: SessionError,
    isSecond = false,
  ): Promise<SessionError | null> {
    switch (error.kind) {
      case "held":
        become({ ...error, name: "held" });
        break;
      case "over":
        if (error.reason === "expired") return await resume(error, isSecond);
        return lose(error);
      case "user-changed":
        leave();
        lose({
          ...error,
          kind: "over",
          reason: "user_changed",
          endedAt: null,
          isFinal: false,
        });
        break;
      default:
        trouble(error);
    }
    return error;
  }

  /** The lease ran out: starts a new session, unless another one is live. */
  async function resume(
    error: SessionError,
    isSecond: boolean,
  ): Promise<SessionError | null> {
    if (isGranted) lapsed ??= id;
    isGranted = false;
    id = environment.newId();
    if (isSecond) {
      // not at once for ever
      trouble(error);
      return error;
    }
    become({ name: "starting" });
    return await register(true);
  }

  /** Ended by somebody else or by time. */
  function lose(error: Over): SessionError {
    const { reason, message } = error;
    const final = { ...error, isFinal: error.isFinal || isLast(reason) };
    become({ ...final, name: "over" });
    events.emit("lost", { reason, message });
    return final;
  }

  /** Whether no session of this interview starts after one that ended so. */
  function isLast(reason: OverReason): boolean {
    return !!interviewId && (reason === "completed" || reason === "timed_out");
  }

  /** The call failed and is made again: the interview goes on meanwhile. */
  function trouble(error: SessionError) {
    const left = leaseEndsOn - environment.now();
    if (isHeldIn(state) && left > 0) become({ ...state, trouble: error });
    else become({ name: "unregistered", trouble: error });
    const soon = error.kind === "wrong-call" ? beatEvery : troubledEvery;
    // a lease that ends is seen to end
    beatIn(Math.min(soon, beatEvery, isHeld() ? Math.max(left, 0.1) : soon));
    if (!isTroubled) {
      isTroubled = true;
      events.emit("trouble", { error });
    }
  }

  /** A heartbeat, or another try to register. */
  function check() {
    if (isBeatDue) return;
    isBeatDue = true;
    void inTurn(async () => {
      isBeatDue = false;
      if (isHeld()) await beat();
      else if (state.name === "unregistered") await register();
    });
  }

  async function beat() {
    wasWoken = false;
    isBeating = true;
    // a second complete_session is a heartbeat; the first may have been lost
    const answer = await ask(
      isCompleting ? "complete_session" : "heartbeat_session",
    );
    isBeating = false;
    if (!answer.error) hold(answer);
    // wake() has asked for another
    else if (!wasWoken) await failed(answer.error);
  }

  function beatIn(seconds: number) {
    cancelBeat();
    if (isDisposed || !isOpen()) return;
    cancelBeat = environment.after(seconds, check);
  }

  /** After sleep, an outage, or time in the back/forward cache. */
  function wake() {
    if (isBeating) {
      wasWoken = true;
      caller.abort();
    }
    check();
  }

  /** The page is closing: there is time for one request and no answer. */
  function leave() {
    caller.sendLast("end_session", { session_id: id, reason: "disconnected" });
  }

  /** Why nothing can be completed or ended; null if something can. */
  function whyNotOpen(): SessionError | null {
    switch (state.name) {
      case "idle":
        return unexpected("not started");
      case "held":
        return { ...state, kind: "held" };
      case "over":
        return state.reason === "user_changed"
          ? userChanged
          : { ...state, kind: "over" };
      default:
        return null;
    }
  }

  async function start(takeover: boolean): Promise<SessionError | null> {
    if (isHeld()) return null;
    if (state.name !== "unregistered") {
      before = whyNotOpen();
      submission = undefined;
      id = environment.newId();
      isGranted = false;
      isCompleting = false;
      isTroubled = false;
      lapsed = undefined;
      endedAs = undefined;
    }
    isTakingOver = takeover;
    become({ name: "starting" });
    open();
    return await register();
  }

  async function complete(): Promise<SessionError | null> {
    const problem = whyNotOpen();
    if (problem) return endedAs === "completed" ? null : problem;
    isCompleting = true;
    // registers first, and then completes
    return isHeld() ? await markCompleting() : await register();
  }

  async function end(
    wanted: OwnReason | undefined,
    seconds = insistently,
    isSecond = false,
  ): Promise<SessionError | null> {
    const problem = whyNotOpen();
    if (problem) {
      return endedAs && endedAs === (wanted ?? endedAs) ? null : problem;
    }
    // a submission is recorded with a session only
    if (wanted === "completed" && !isHeld()) {
      const error = await register();
      if (error) return error;
    }
    const answer = await caller.call(
      "end_session",
      { session_id: id, reason: wanted },
      Array.isArray as Expected<InterviewSessionHistory[]>,
      seconds,
    );
    if (answer.error) return await failed(answer.error);
    // an id that the server has never known: if its start arrives after all, it
    // is refused
    const { end_reason, ended_at } = answer.data[0] ??
      { end_reason: "disconnected", ended_at: null };
    if (isOwn(end_reason) && end_reason === (wanted ?? end_reason)) {
      ended(end_reason, ended_at);
      return null;
    }
    // ended by somebody else or by time: the server has a message for the user
    const { error } = await ask("heartbeat_session", insistently);
    if (error?.kind !== "over") return await failed(error ?? noAnswer(""));
    // what is submitted needs a session: another one
    if (error.reason === "expired" && wanted === "completed" && !isSecond) {
      return await resume(error, false) ?? await end(wanted, seconds, true);
    }
    return lose(error);
  }

  function ended(reason: OwnReason, at: string | null) {
    endedAs = reason;
    become({
      name: "over",
      reason,
      message: ownMessages[reason],
      endedAt: at,
      isFinal: isLast(reason),
    });
    events.emit("ended", { reason, at });
  }

  async function submit(
    work: ((session: ActiveInterviewSession) => Promise<unknown>) | undefined,
    isCurrent: () => boolean,
  ): Promise<Outcome> {
    const outcome = await command(complete);
    if (outcome.error || !isHeldIn(outcome.state)) return outcome;
    try {
      await work?.(outcome.state.session);
    } catch (cause) {
      const message = "Your results could not be saved.";
      return { state, error: { kind: "work-failed", message, cause } };
    }
    // the session may be another one by now, which the user has not submitted
    return await command(async () =>
      isCurrent() ? await end("completed", submitFor) : before
    );
  }

  return {
    state: () => state,
    subscribe(listener) {
      const stop = events.on("state", listener);
      callSafely(listener, state);
      return stop;
    },
    on: events.on,
    secondsLeft: countdown.left,
    start: ({ takeover = false } = {}) => command(() => start(takeover)),
    complete: () => command(complete),
    end: (reason) =>
      command(() => end(reason ?? (isCompleting ? "completed" : undefined))),
    submit(work) {
      const isCurrent = () => submission === mine;
      const mine = submission ??= submit(work, isCurrent).finally(() => {
        if (isCurrent()) submission = undefined;
      });
      return mine;
    },
    check,
    dispose() {
      isDisposed = true;
      caller.dispose();
      countdown.clear();
      close();
      events.clear();
    },
  };
}

function isHeldIn(
  state: SessionState,
): state is Extract<SessionState, { session: ActiveInterviewSession }> {
  return "session" in state;
}

function isOwn(reason: string): reason is OwnReason {
  return reason in ownMessages;
}

/** Seconds between two timestamps of the server; not a number without one. */
function secondsBetween(from?: string, to?: string): number {
  return (Date.parse(to!) - Date.parse(from!)) / 1000;
}
