// A session as an app uses it.
import type { Environment } from "./environment.ts";
import type { ActiveInterviewSession } from "./rows.ts";
import type {
  Outcome,
  OwnReason,
  SessionEvents,
  SessionState,
} from "./state.ts";

/** The options of `createSession`. */
export interface SessionOptions {
  /** The app's id of the attempt: all of its sessions share one deadline. */
  interviewId?: string | undefined;
  /**
   * The user's name for this device, for example "Chrome on Windows"; up to 200
   * characters.
   */
  device?: string | undefined;
  /** Seconds between heartbeats (30); at most a third of the lease. */
  heartbeatEvery?: number | undefined;
  /** Seconds before the deadline at which "deadline" fires ([60]). */
  warnAt?: readonly number[] | undefined;
  /** Where the session runs; the browser, unless it is given. */
  environment?: Environment | undefined;
}

/**
 * A page's session. Commands run one after the other, in the order of the calls.
 * No method throws or rejects.
 */
export interface InterviewSession {
  /** The current state: a new object after each change. */
  state: () => SessionState;
  /** Calls `listener` now and after each change; the returned function stops it. */
  subscribe: (listener: (state: SessionState) => void) => () => void;
  /** Calls `listener` at each event of this name; the returned function stops it. */
  on: <Name extends keyof SessionEvents>(
    name: Name,
    listener: (event: SessionEvents[Name]) => void,
  ) => () => void;
  /** Seconds until the deadline; undefined unless the session is held. */
  secondsLeft: () => number | undefined;
  /**
   * Starts the session, or starts again. Resolves with the first state that is
   * not `starting`; `error` is null if the session is live.
   */
  start: (o?: { takeover?: boolean | undefined }) => Promise<Outcome>;
  /** Marks the session as completing: the client is submitting its results. */
  complete: () => Promise<Outcome>;
  /**
   * Ends the session: as completed after `complete`, unless a reason is given.
   * `error` is null only if the server has confirmed it.
   */
  end: (reason?: OwnReason) => Promise<Outcome>;
  /**
   * Completes, waits for `work` (uploads, last saves) and ends as completed.
   * `error` is null only if the server has confirmed it. May be called again.
   */
  submit: (
    work?: (session: ActiveInterviewSession) => Promise<unknown>,
  ) => Promise<Outcome>;
  /** Sends a heartbeat now, for example after a write was refused. */
  check: () => void;
  /** Stops the client: it sends nothing any more. Does not end the session. */
  dispose: () => void;
}
