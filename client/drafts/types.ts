// What an app and the parts of the drafts module say to each other. Durations are
// in seconds.
import type { ActiveInterviewSession } from "../rows.ts";

/** Versions of a text are ordered by the grant, then by the change within it. */
export interface Order {
  /** Fence of the session that it was written under. */
  fence: number;
  /** Counts up within a session. */
  revision: number;
}

/** A version of a text. */
export interface Draft extends Order {
  key: string;
  text: string;
}

/** Without anything else that the object has. */
export function draftOf({ key, text, fence, revision }: Draft): Draft {
  return { key, text, fence, revision };
}

/** A version of a text that the server has. */
export interface SavedDraft extends Draft {
  /** The server's time. */
  savedAt: string;
}

/** A version of a text as a device keeps it. */
export interface KeptDraft extends Draft {
  /** Id of what wrote it: nothing overwrites the text of another page. */
  writer: string;
  /** The newest version that its author had seen, if that was not all older ones. */
  base?: Order | undefined;
  /** The server has it, too. */
  isSaved: boolean;
  /** When it was written, by the device's clock, in milliseconds. */
  at: number;
}

/** Where a device keeps the drafts of one user and interview. */
export interface DraftStore {
  /** All that is kept. */
  read(): Promise<readonly KeptDraft[]>;
  /**
   * Resolves when both are done for good, together or not at all. Calls take
   * effect in their order. Removes nothing that has changed since it was read.
   */
  write(
    put: readonly KeptDraft[],
    remove: readonly KeptDraft[],
  ): Promise<unknown>;
  clear(): Promise<unknown>;
}

/** Clock, timers, ids and page life cycle. */
export interface DraftsEnvironment {
  /** Seconds on a clock that never steps. */
  now(): number;
  /** Calls `work` once, after so many seconds; the returned function cancels. */
  after(seconds: number, work: () => void): () => void;
  /** A new random id. */
  newId(): string;
  /** Calls `hide` when the page is hidden, until the returned function is called. */
  onHide(hide: () => void): () => void;
}

/** The options of `createDrafts`. */
export interface DraftsOptions {
  interviewId: string;
  /** Drafts of different users are kept apart. */
  userId: string;
  /** What the app's table has for this interview. Rejects on failure. */
  load: (
    holder: { session: ActiveInterviewSession },
  ) => PromiseLike<readonly SavedDraft[]>;
  /**
   * Writes to the app's table, in which an older version never overwrites a newer
   * one. Returns what the table has then. Rejects on failure.
   */
  save: (
    drafts: readonly Draft[],
    session: ActiveInterviewSession,
  ) => PromiseLike<readonly SavedDraft[]>;
  /** Seconds without a change before it is saved (1). */
  quiet?: number | undefined;
  /** Longest time in seconds until a change is saved, while more follow (5). */
  longestWait?: number | undefined;
  /** Where the device keeps drafts; IndexedDB, unless it is given. */
  store?: DraftStore | undefined;
  /** The page, unless it is given. */
  environment?: DraftsEnvironment | undefined;
}

/**
 * `unsaved`: only in memory. `kept`: also on this device. `saving`: on its way to
 * the server. `saved`: the server has confirmed it. `refused`: not saved, since
 * the session is no longer this page's.
 */
export type DraftStatus =
  | "empty"
  | "unsaved"
  | "kept"
  | "saving"
  | "saved"
  | "refused";

/** Text that lost against a newer version, which does not go on from it. */
export interface EarlierText {
  text: string;
  /** When it was saved, or else written on this device. */
  at: string;
}

/** A text on the page. */
export interface DraftState {
  text: string;
  status: DraftStatus;
  /** When the server last saved it, by the server's clock. */
  savedAt: string | null;
  /** What the app may offer to the user: written elsewhere, and not carried over. */
  earlier: readonly EarlierText[];
}

/** All texts of an interview. */
export interface DraftsState {
  /** Until it is known what the server and this device have. */
  isRestoring: boolean;
  drafts: Readonly<Record<string, DraftState>>;
  /** Of all texts together: the least safe one decides. */
  status: DraftStatus;
  /** The latest of all. */
  savedAt: string | null;
  /** Why the last call of `load` or `save` failed; null after one that did not. */
  error: Error | null;
}

/** The drafts of an interview. No method throws or rejects. */
export interface Drafts {
  /** The current state: a new object after each change. */
  state: () => DraftsState;
  /** Calls `listener` now and after each change; the returned function stops it. */
  subscribe: (listener: (state: DraftsState) => void) => () => void;
  /** The user has changed a text. */
  write: (key: string, text: string) => void;
  /** Saves everything now. `error` is null only if the server has confirmed it. */
  flush: () => Promise<{ error: Error | null }>;
  /** Forgets the `earlier` versions of a text. */
  discard: (key: string) => void;
  /** Forgets everything, on the device too. Done when the session is completed. */
  clear: () => Promise<void>;
  /** Stops. What is on the device stays there. */
  dispose: () => void;
}
