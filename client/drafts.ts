// The package `interview-sessions/drafts`: keeps what the user writes on the device
// at once, and saves it to the app's table under the session that is held. A newer
// version is never overwritten by an older one.
import { createKeeper } from "./drafts/keeper.ts";
import { page } from "./drafts/page.ts";
import { indexedDbStore } from "./drafts/store.ts";
import {
  createTexts,
  isNewer,
  type PageText,
  unfenced,
} from "./drafts/texts.ts";
import {
  draftOf,
  type Drafts,
  type DraftsOptions,
  type DraftsState,
  type DraftState,
  type DraftStatus,
  type Order,
} from "./drafts/types.ts";
import { callSafely, createEmitter } from "./emitter.ts";
import type { InterviewSession } from "./interview_session.ts";
import { idle, type SessionState } from "./state.ts";

export { indexedDbStore } from "./drafts/store.ts";
export type {
  Draft,
  Drafts,
  DraftsEnvironment,
  DraftsOptions,
  DraftsState,
  DraftState,
  DraftStatus,
  DraftStore,
  EarlierText,
  KeptDraft,
  SavedDraft,
} from "./drafts/types.ts";

/** The state until anything is known, and on a server. */
export const restoring: DraftsState = {
  isRestoring: true,
  drafts: {},
  status: "empty",
  savedAt: null,
  error: null,
};

/** Longest wait for an answer of the app's `load` and `save`. */
const callSeconds = 8;

/** Longest wait for the device, which may never answer. */
const deviceSeconds = 3;

/** Pause after a failure. */
const pauseSeconds = 3;

/** NUL, and halves of characters: Postgres refuses a batch with one of them. */
const unstorable = /\0|\p{Cs}/gu;

/** All statuses; of several texts together, the first one that any of them has. */
const statuses: DraftStatus[] = [
  ...["refused", "unsaved", "kept", "saving", "saved", "empty"] as const,
];

/** What drafts use of a session. */
export type DraftsSession = Pick<
  InterviewSession,
  "state" | "subscribe" | "check"
>;

/** Revisions count up within a session, whatever instances write under it. */
const revisions = new WeakMap<DraftsSession, number>();

/** Creates the drafts of an interview. Does nothing until the session is started,
 * or one of the methods is called. */
export function createDrafts(
  session: DraftsSession,
  options: DraftsOptions,
): Drafts {
  const { quiet = 1, longestWait = 5, environment = page } = options;
  const { now, after } = environment;
  const texts = createTexts();
  const states = createEmitter<{ state: DraftsState }>();
  const keeper = createKeeper(
    options.store ?? indexedDbStore(options.userId, options.interviewId),
    texts,
    environment.newId,
    emit,
  );

  let shown = restoring;
  let isRestoring = true;
  let error: Error | null = null;
  let isDisposed = false;
  let stops: (() => void)[] = [];

  let before: SessionState = idle;
  /** The grant that texts are written and saved under. */
  let fence = 0;
  let reading: Promise<void> | undefined;
  let isRead = false;
  let loading: Promise<void> | undefined;
  /** The session for which it is known what the server has. */
  let loadedFor: string | undefined;

  /** What a save may overwrite is put on the device first. */
  let keeping: Promise<void> | undefined;
  let saving: Promise<void> | undefined;
  let underWay: readonly PageText[] = [];
  let lastChangeAt = 0;
  /** When the oldest text that is not under way was changed. */
  let changedAt: number | undefined;
  let pausedUntil = 0;
  let cancelTimer = () => {};

  function held() {
    const state = session.state();
    return state.name === "live" || state.name === "completing"
      ? state.session
      : undefined;
  }

  function isLoaded(): boolean {
    return loadedFor !== undefined && held()?.session_id === loadedFor;
  }

  function nextOrder(): Order {
    const revision = (revisions.get(session) ?? 0) + 1;
    revisions.set(session, revision);
    return { fence: held() ? fence : unfenced, revision };
  }

  // -- what is shown

  function statusOf(text: PageText): DraftStatus {
    if (texts.isSaved(text)) return "saved";
    const { name } = session.state();
    if (fence && (name === "over" || name === "held")) return "refused";
    if (underWay.includes(text)) return "saving";
    return keeper.kept.get(text.key) === text.text ? "kept" : "unsaved";
  }

  function stateNow(): DraftsState {
    const drafts: Record<string, DraftState> = {};
    for (const text of texts.page.values()) {
      drafts[text.key] = {
        text: text.text,
        status: statusOf(text),
        savedAt: texts.server.get(text.key)?.savedAt ?? null,
        earlier: (texts.lost.get(text.key) ?? []).map(({ text, at }) => ({
          text,
          at: new Date(at).toISOString(),
        })),
      };
    }
    const all = Object.values(drafts);
    const times = all.flatMap(({ savedAt }) => savedAt ?? [])
      .sort((a, b) => Date.parse(a) - Date.parse(b));
    return {
      isRestoring,
      drafts,
      status:
        statuses.find((status) =>
          all.some((draft) => draft.status === status)
        ) ?? "empty",
      savedAt: times.at(-1) ?? null,
      error,
    };
  }

  function emit() {
    if (isDisposed) return;
    const { name } = session.state();
    const isKnown = isLoaded() || error || name === "unregistered" ||
      name === "over";
    if (isRead && isKnown) isRestoring = false;
    shown = stateNow();
    states.emit("state", shown);
  }

  // -- the session

  function start() {
    if (isDisposed || reading) return;
    reading = within(deviceSeconds, readDevice()).catch(() => {}).then(() => {
      isRead = true;
      settle();
    });
    stops.push(environment.onHide(() => {
      keeper.keep([], true);
      saveSoon();
    }));
    follow();
  }

  async function readDevice() {
    await keeper.read();
    // it may be late
    settle();
  }

  function onSession(state: SessionState) {
    if (state.name !== "idle") start();
    if (reading) follow();
  }

  function follow() {
    const state = session.state();
    const last = before;
    before = state;
    const granted = held();
    if (state.name === "starting" && !isInUse(last)) {
      isRestoring = true;
      error = null;
    }
    // with a time: the server has recorded it
    if (
      state.name === "over" && state.reason === "completed" && state.endedAt
    ) return void clear();
    if (granted && granted.fence !== fence) onGrant();
    else if (granted && isTroubled(last) && !isTroubled(state)) recover();
    emit();
  }

  function onGrant() {
    const { fence: granted, session_id, previous_session_id } = held()!;
    fence = granted;
    error = null;
    // nobody else has held the interview since
    if (loadedFor && loadedFor === previous_session_id) loadedFor = session_id;
    else loading = undefined;
    settle();
    recover();
  }

  /** Calls succeed again. */
  function recover() {
    pausedUntil = 0;
    if (isLoaded()) saveSoon();
    else void load();
  }

  /** What the server and the device have was read, or more of it. */
  function settle() {
    if (isDisposed) return;
    texts.prune();
    if (isLoaded()) {
      stamp();
      const kept = keeper.keep(texts.page.keys());
      const hasLost = [...texts.lost.values()].some(({ length }) => length > 0);
      if (hasLost) keeping = within(deviceSeconds, kept).catch(() => {});
      saveSoon();
    }
    emit();
  }

  /** What is to be saved is saved under this grant, as the newest. */
  function stamp() {
    const rows = [...texts.server.values()].filter((row) =>
      row.fence === fence
    );
    const known = rows.map(({ revision }) => revision);
    revisions.set(session, Math.max(revisions.get(session) ?? 0, ...known));
    for (const text of texts.unsaved()) {
      const isOlder = text.fence !== fence || text.base ||
        rows.some((row) => row.key === text.key && isNewer(row, text));
      if (isOlder) texts.restamp(text, nextOrder());
    }
  }

  // -- the app's table

  function load(): Promise<void> {
    const granted = held();
    if (!granted || isDisposed) return Promise.resolve();
    return loading ??= attempt(async () => {
      const rows = await within(
        callSeconds,
        options.load({ session: granted }),
      );
      if (fence !== granted.fence || isDisposed) return;
      for (const row of rows) texts.offerSaved(row);
      loadedFor = granted.session_id;
      error = null;
      settle();
    }).finally(() => {
      if (fence !== granted.fence || isLoaded() || isDisposed) return;
      loading = undefined;
      after(pauseSeconds, () => {
        if (!isLoaded()) void load();
      });
    });
  }

  function save(): Promise<void> {
    cancelTimer();
    return saving ??= attempt(async () => {
      if (keeping) await keeping;
      const granted = held();
      const batch = texts.unsaved().filter((text) => text.fence === fence);
      if (!granted || !isLoaded() || batch.length === 0) return;
      underWay = batch;
      changedAt = undefined;
      emit();
      // an answer counts also when it is late
      await within(callSeconds, send(batch, granted));
      error = null;
    }).finally(() => {
      saving = undefined;
      underWay = [];
      emit();
      schedule();
    });
  }

  async function send(
    batch: readonly PageText[],
    granted: NonNullable<ReturnType<typeof held>>,
  ) {
    const drafts = batch.map((text) => ({
      ...draftOf(text),
      text: text.text.replace(unstorable, "\ufffd"),
    }));
    const rows = await options.save(drafts, granted);
    for (const row of rows) texts.confirm(row);
    if (isLoaded()) stamp();
    keeper.keep(batch.map(({ key }) => key));
    emit();
    if (drafts.some((draft) => isNewer(draft, texts.server.get(draft.key)))) {
      throw new Error("The server has not confirmed what was saved.");
    }
    if (rows.some((row) => row.fence > granted.fence)) {
      throw new Error("Another session has saved since.");
    }
  }

  /** Reports what fails, and waits before the next attempt. */
  async function attempt(work: () => Promise<void>) {
    try {
      await work();
    } catch (thrown) {
      error = thrown instanceof Error ? thrown : failure(thrown);
      pausedUntil = now() + pauseSeconds;
      changedAt ??= -Infinity;
      // if the session is over, it learns so
      if (!isDisposed) session.check();
      emit();
    }
  }

  function saveSoon() {
    changedAt = -Infinity;
    schedule();
  }

  function schedule() {
    cancelTimer();
    if (isDisposed || saving || !isLoaded()) return;
    if (texts.unsaved().length === 0) {
      changedAt = undefined;
      return;
    }
    const dueAt = Math.min(
      lastChangeAt + quiet,
      (changedAt ?? lastChangeAt) + longestWait,
    );
    const seconds = Math.max(dueAt, pausedUntil) - now();
    if (seconds <= 0) void save();
    else cancelTimer = after(seconds, () => void save());
  }

  function within<T>(seconds: number, work: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = after(
        seconds,
        () => reject(new Error(`No answer in ${seconds} seconds.`)),
      );
      work.then(resolve, reject);
      work.then(cancel, cancel);
    });
  }

  // -- what the app calls

  async function flush(): Promise<{ error: Error | null }> {
    start();
    await reading;
    if (held() && !isLoaded()) await load();
    const wanted = [...texts.page.values()];
    const isDone = () =>
      wanted.every((text) =>
        !text.base && !isNewer(text, texts.server.get(text.key))
      );
    const isPossible = () => isLoaded() && texts.unsaved().length > 0;
    while (!isDone()) {
      // one that is under way may not have all of it
      await saving;
      if (isDone()) break;
      if (!isPossible()) return { error: error ?? notHeld() };
      error = null;
      await save();
      if (error) return { error };
    }
    return { error: null };
  }

  async function clear() {
    cancelTimer();
    texts.clear();
    emit();
    await keeper.clear();
  }

  stops.push(session.subscribe(onSession));
  return {
    state: () => shown,
    subscribe(listener) {
      start();
      const stop = states.on("state", listener);
      callSafely(listener, shown);
      return stop;
    },
    write(key, text) {
      if (isDisposed || texts.page.get(key)?.text === text) return;
      start();
      texts.type(key, text, nextOrder(), isLoaded());
      lastChangeAt = now();
      changedAt ??= lastChangeAt;
      keeper.keep([key]);
      emit();
      schedule();
    },
    flush,
    discard(key) {
      texts.lost.delete(key);
      keeper.keep([key]);
      emit();
    },
    clear,
    dispose() {
      // before the next instance reads
      keeper.keep([], true);
      isDisposed = true;
      cancelTimer();
      for (const stop of stops) stop();
      stops = [];
      states.clear();
    },
  };
}

function notHeld(): Error {
  return new Error("This page does not hold the session.");
}

/** The user is in the interview, as far as the page knows. */
function isInUse({ name }: SessionState): boolean {
  return name !== "idle" && name !== "held" && name !== "over";
}

function isTroubled(state: SessionState): boolean {
  return "trouble" in state && state.trouble !== undefined;
}

/** What was thrown and is no Error, as the errors of supabase-js. */
function failure(thrown: unknown): Error {
  const { message } = (thrown ?? {}) as { message?: unknown };
  return new Error(`${message ?? thrown}`, { cause: thrown });
}
