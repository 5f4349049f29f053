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
import type { InterviewSession, SessionOptions } from "./interview_session.ts";
import { createSession } from "./session.ts";
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
  submit: InterviewSession["submit"];
  /** The last submission. */
  submission: Promise<unknown> | undefined;
  isMounted: boolean;
  isReleased: boolean;
}

function own(supabase: SupabaseLike, options: SessionOptions): Owned {
  const session = createSession(supabase, options);
  const owned: Owned = {
    supabase,
    interviewId: options.interviewId,
    session,
    submit: (work) => {
      const outcome = session.submit(work);
      owned.submission = outcome;
      return outcome;
    },
    submission: undefined,
    isMounted: false,
    isReleased: false,
  };
  return owned;
}

/**
 * Creates a session, and ends it as disconnected when the component is unmounted,
 * after a submission that is under way.
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
        if (!owned.isMounted) void release(owned);
      });
    };
  }, [owned, latest]);

  const { session, submit } = current;
  const { start, complete, end, check } = session;
  const state = useSessionState(session);
  return { session, state, start, complete, submit, end, check };
}

/** Ends what is not over; a submission that is under way is finished first. */
async function release(owned: Owned) {
  owned.isReleased = true;
  const { session } = owned;
  await owned.submission;
  const { name } = session.state();
  if (name !== "idle" && name !== "held" && name !== "over") {
    await session.end("disconnected");
  }
  session.dispose();
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

/** Creates drafts for the first user of them, and disposes of them after the last. */
function ownDrafts(session: InterviewSession, options: DraftsOptions) {
  let drafts: Drafts | undefined;
  let users = 0;

  function use(): Drafts {
    return drafts ??= createDrafts(session, {
      ...owned.options,
      load: (holder) => owned.options.load(holder),
      save: (texts, session) => owned.options.save(texts, session),
    });
  }

  function release() {
    users--;
    // StrictMode subscribes again at once
    setTimeout(() => {
      if (users > 0) return;
      drafts?.dispose();
      drafts = undefined;
    });
  }

  /** Also after the component was unmounted, as in a submission. */
  function once<T>(work: (drafts: Drafts) => T): T {
    users++;
    const result = work(use());
    void Promise.resolve(result).then(release);
    return result;
  }

  const owned = {
    session,
    options,
    subscribe(changed: () => void) {
      users++;
      const stop = use().subscribe(changed);
      return () => {
        stop();
        // before the session ends
        void owned.flush();
        release();
      };
    },
    getState: () => drafts?.state() ?? restoring,
    write: (key: string, text: string) => once((to) => to.write(key, text)),
    flush: () => once((to) => to.flush()),
    discard: (key: string) => once((to) => to.discard(key)),
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
