// The recording of an interview: recorded in parts, one or more for each session,
// kept on this device, and uploaded in the end. Also the parts that an earlier page
// left behind when it crashed.
import type { SupabaseClient } from "@supabase/supabase-js";
import { RecordingProblem, storeProblem } from "./problem.ts";
import { type Recorder, startRecorder, withLock } from "./recorder.ts";
import { createStore, type Part, type Store } from "./store.ts";
import type { Destination } from "./upload.ts";

export interface RecordingOptions {
  supabase: SupabaseClient;
  /** The project's URL. */
  url: string;
  /** The publishable key. */
  key: string;
  userId: string;
  /** Letters, digits, `-`, `_` and `.`: it names a folder. */
  interviewId: string;
  /** Milliseconds before each further attempt of an upload. */
  retryDelays?: number[];
}

export interface RecordingState {
  isRecording: boolean;
  /** Why it is not recorded, or not any more. */
  problem: RecordingProblem | null;
  upload: UploadState;
}

export type UploadState =
  /** Nothing to upload, as far as is known. */
  | { name: "idle" }
  /** `fraction` is what has been sent; 1 is never reached before "done". */
  | { name: "uploading"; fraction: number }
  /** The server has confirmed all parts. */
  | { name: "done" }
  | { name: "failed"; problem: RecordingProblem };

export interface Recording {
  /** A new object after each change. */
  state(): RecordingState;
  subscribe(listener: () => void): () => void;
  /** Starts recording; not again a stream that had a problem. Never throws. */
  start(stream: MediaStream): void;
  /** Says which session is recorded: another one gets a part of its own. */
  belongsTo(sessionId: string): void;
  /** Stops recording; resolves when all of it is kept on this device. */
  stop(): Promise<void>;
  /**
   * Uploads all parts of this interview on this device, except those that another
   * open tab records or uploads. Rejects with a `RecordingProblem`.
   */
  upload(): Promise<void>;
  /** Stops recording and uploading. It may be started again. */
  release(): void;
}

/** A chunk of its own: most of it is the library for resumable uploads. */
const loadUpload = () =>
  import("./upload.ts").catch((cause) => {
    throw new RecordingProblem("unreachable", cause);
  });

/** Creates the recording of an interview. Nothing happens until it is used. */
export function createRecording(o: RecordingOptions): Recording {
  if (!/^[\w.-]{1,128}$/.test(o.interviewId)) {
    throw new Error(`No folder can have this name: ${o.interviewId}`);
  }
  const store = createStore();
  const listeners = new Set<() => void>();
  let state: RecordingState = {
    isRecording: false,
    problem: null,
    upload: { name: "idle" },
  };
  let stream: MediaStream | undefined;
  let recorder: Recorder | undefined;
  let sessionId: string | null = null;
  let stopping: Promise<unknown> = Promise.resolve();
  let uploading: Promise<void> = Promise.resolve();
  let releasing = new AbortController();

  function become(change: Partial<RecordingState>) {
    state = { ...state, ...change };
    for (const listener of [...listeners]) listener();
  }

  function start(newStream: MediaStream) {
    if (recorder || (state.problem && newStream === stream)) return;
    stream = newStream;
    try {
      const { userId, interviewId } = o;
      const started: Recorder = startRecorder({
        stream,
        store,
        part: { userId, interviewId, sessionId },
        onProblem(problem) {
          if (recorder === started) recorder = undefined;
          become({ isRecording: !!recorder, problem });
        },
      });
      recorder = started;
      // while there is a network; a failure is reported by the upload
      loadUpload().catch(() => {});
      become({ isRecording: true, problem: null });
    } catch (cause) {
      const problem = cause instanceof RecordingProblem
        ? cause
        : new RecordingProblem("unsupported", cause);
      become({ problem });
    }
  }

  function stop(): Promise<void> {
    if (recorder) {
      stopping = Promise.all([stopping, recorder.stop()]);
      recorder = undefined;
      become({ isRecording: false });
    }
    return stopping.then(() => {});
  }

  function belongsTo(id: string) {
    if (id === sessionId) return;
    const isFirst = sessionId === null;
    sessionId = id;
    if (!recorder || !stream) return;
    if (isFirst) return void recorder.belongsTo(id);
    void stop();
    start(stream);
  }

  async function uploadAll() {
    const { signal } = releasing;
    try {
      const isAll = await uploadParts(signal);
      become({ upload: { name: isAll ? "done" : "idle" } });
    } catch (cause) {
      signal.throwIfAborted();
      const problem = cause instanceof RecordingProblem
        ? cause
        : storeProblem(cause);
      become({ upload: { name: "failed", problem } });
      throw problem;
    }
  }

  /** Where nothing can be kept, there is nothing, unless this page has recorded. */
  async function partsOnDevice(): Promise<Part[]> {
    try {
      return await store.parts(o.userId, o.interviewId);
    } catch (cause) {
      if (stream) throw cause;
      return [];
    }
  }

  /** Whether there were any, and none is left. */
  async function uploadParts(signal: AbortSignal): Promise<boolean> {
    const parts = await partsOnDevice();
    const sizes = new Map<string, number>();
    for (const part of parts) {
      if (part.id === recorder?.part.id) continue;
      sizes.set(part.id, (await store.file(part)).size);
    }
    if (sizes.size === 0) return false;
    become({ upload: { name: "uploading", fraction: 0 } });
    const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    let before = 0;
    let isAll = true;
    for (const [id, size] of sizes) {
      const isUploaded = await uploadOne(id, signal, (bytes) => {
        const fraction = Math.min(0.99, (before + bytes) / Math.max(all, 1));
        become({ upload: { name: "uploading", fraction } });
      });
      isAll &&= isUploaded;
      before += size;
    }
    return isAll;
  }

  /** Not if another tab has it, or no session is known to which it belongs. */
  async function uploadOne(
    id: string,
    signal: AbortSignal,
    onProgress: (bytes: number) => void,
  ): Promise<boolean> {
    let isUploaded = false;
    await withLock(id, { ifAvailable: true }, async (lock) => {
      if (!lock) return;
      const part = (await store.parts(o.userId, o.interviewId))
        .find((one) => one.id === id);
      if (!part) {
        // another tab has uploaded it
        isUploaded = true;
        return;
      }
      const file = await store.file(part);
      const sessionOfPart = part.sessionId ?? sessionId;
      if (!sessionOfPart) return;
      if (file.size > 0) {
        const { uploadPart } = await loadUpload();
        await uploadPart({
          part,
          sessionId: sessionOfPart,
          file,
          store,
          to: destination(o),
          retryDelays: o.retryDelays,
          signal,
          onProgress,
        });
      }
      isUploaded = true;
      // if it stays, the server says next time that it has it
      await store.remove(id).catch(() => {});
    });
    return isUploaded;
  }

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start,
    belongsTo,
    stop,
    upload() {
      const result = uploading.then(uploadAll);
      uploading = result.catch(() => {});
      return result;
    },
    release() {
      void stop();
      releasing.abort();
      releasing = new AbortController();
      become({ upload: { name: "idle" } });
    },
  };
}

/** Where this user's recordings go, with the user's token and no other's. */
function destination(
  { supabase, url, key, userId }: RecordingOptions,
): Destination {
  return {
    url,
    key,
    async token({ isRefused }) {
      const { data, error } = isRefused
        ? await supabase.auth.refreshSession()
        : await supabase.auth.getSession();
      if (data.session?.user.id === userId) return data.session.access_token;
      // without an answer it is worth another attempt
      if (error && !isFinal(error)) throw error;
      throw new RecordingProblem("signed-out", error);
    },
  };
}

function isFinal({ status }: { status?: number | undefined }): boolean {
  return status !== undefined && status >= 400 && status < 500;
}

export type { Part, Store };
