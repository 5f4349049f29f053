// The package `interview-sessions/react`: hooks for React 18 and later.
import {
  useCallback,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import {
  createDrafts,
  type Drafts,
  type DraftsOptions,
  type DraftsState,
  restoring,
} from "./drafts.ts";
import {
  createSession,
  type InterviewSession,
  type SessionOptions,
} from "./session.ts";
import { idle, type SessionEvents, type SessionState } from "./state.ts";
import type { SupabaseLike } from "./supabase.ts";

/** A session that a component owns. */
export interface OwnedSession extends
  Pick<
    InterviewSession,
    "start" | "complete" | "submit" | "end" | "check"
  > {
  session: InterviewSession;
  state: SessionState;
}

interface Owned {
  supabase: SupabaseLike;
  interviewId: string | undefined;
  session: InterviewSession;
  isMounted: boolean;
  isReleased: boolean;
}

function own(supabase: SupabaseLike, options: SessionOptions): Owned {
  return {
    supabase,
    interviewId: options.interviewId,
    session: createSession(supabase, options),
    isMounted: false,
    isReleased: false,
  };
}

/**
 * Creates a session, and ends it as disconnected when the component is unmounted.
 * Another client or `interviewId` makes another session; of the other options
 * those of the first rendering count.
 */
export function useInterviewSession(
  supabase: SupabaseLike,
  options: SessionOptions = {},
): OwnedSession {
  // creating a session has no effects, so one that is not used needs no end
  const [owned, setOwned] = useState(() => own(supabase, options));
  let current = owned;
  if (
    owned.supabase !== supabase || owned.interviewId !== options.interviewId
  ) {
    current = own(supabase, options);
    setOwned(current);
  }

  const latest = useLatest(options);
  useEffect(() => {
    // shown again after it was hidden for longer
    if (owned.isReleased) {
      return setOwned(own(owned.supabase, latest.current));
    }
    owned.isMounted = true;
    return () => {
      owned.isMounted = false;
      // StrictMode mounts it again at once
      setTimeout(() => {
        if (!owned.isMounted) release(owned);
      });
    };
  }, [owned, latest]);

  const { session } = current;
  const { start, complete, submit, end, check } = session;
  const state = useSessionState(session);
  return { session, state, start, complete, submit, end, check };
}

function release(owned: Owned) {
  owned.isReleased = true;
  const { session } = owned;
  const { name } = session.state();
  const isOver = name === "idle" || name === "held" || name === "over";
  const ended = isOver ? Promise.resolve() : session.end("disconnected");
  void ended.finally(() => session.dispose());
}

/** The state of a session; renders again when it changes. */
export function useSessionState(session: InterviewSession): SessionState {
  return useSyncExternalStore(session.subscribe, session.state, () => idle);
}

/** Calls `listener` at each event of this name. */
export function useSessionEvent<Name extends keyof SessionEvents>(
  session: InterviewSession,
  name: Name,
  listener: (event: SessionEvents[Name]) => void,
): void {
  const latest = useLatest(listener);
  useEffect(
    () => session.on(name, (event) => latest.current(event)),
    [session, name, latest],
  );
}

/** Whole seconds until the deadline; undefined unless the session is held. */
export function useSecondsLeft(session: InterviewSession): number | undefined {
  const subscribe = useCallback((changed: () => void) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = () => {
      clearTimeout(timer);
      changed();
      const left = session.secondsLeft();
      // a little after the next whole second
      if (left) timer = setTimeout(next, left % 1 * 1000 + 20);
    };
    const stop = session.subscribe(next);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [session]);
  return useSyncExternalStore(
    subscribe,
    () => wholeSeconds(session),
    () => undefined,
  );
}

function wholeSeconds(session: InterviewSession): number | undefined {
  const left = session.secondsLeft();
  return left === undefined ? undefined : Math.ceil(left);
}

/** The drafts of a component. */
export interface OwnedDrafts
  extends Pick<Drafts, "write" | "flush" | "discard"> {
  state: DraftsState;
}

/**
 * Keeps and saves what the user writes. The options may change with each
 * rendering; another session, user or interview makes other drafts.
 */
export function useDrafts(
  session: InterviewSession,
  options: DraftsOptions,
): OwnedDrafts {
  const [owned, setOwned] = useState(() => ownDrafts(session, options));
  let current = owned;
  if (
    owned.session !== session || owned.options.userId !== options.userId ||
    owned.options.interviewId !== options.interviewId
  ) {
    current = ownDrafts(session, options);
    setOwned(current);
  }
  useEffect(() => {
    current.options = options;
  });

  const { subscribe, getState, write, flush, discard } = current;
  const state = useSyncExternalStore(subscribe, getState, () => restoring);
  return { state, write, flush, discard };
}

/** Creates drafts for the first subscriber, and disposes of them after the last. */
function ownDrafts(session: InterviewSession, options: DraftsOptions) {
  let drafts: Drafts | undefined;
  let subscribers = 0;

  function use(): Drafts {
    if (subscribers === 0) releaseSoon();
    return drafts ??= createDrafts(session, {
      ...owned.options,
      load: (holder) => owned.options.load(holder),
      save: (texts, session) => owned.options.save(texts, session),
    });
  }

  /** StrictMode subscribes again at once. */
  function releaseSoon() {
    setTimeout(() => {
      if (subscribers > 0) return;
      drafts?.dispose();
      drafts = undefined;
    });
  }

  const owned = {
    session,
    options,
    subscribe(changed: () => void) {
      subscribers++;
      const stop = use().subscribe(changed);
      return () => {
        stop();
        subscribers--;
        // before the session ends
        void use().flush();
      };
    },
    getState: () => drafts?.state() ?? restoring,
    write: (key: string, text: string) => use().write(key, text),
    flush: () => use().flush(),
    discard: (key: string) => use().discard(key),
  };
  return owned;
}

/** The value of the last rendering that was shown, for events. */
function useLatest<T>(value: T): { current: T } {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}
