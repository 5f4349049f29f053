// Records a stream into a part of the store, piece by piece.
import { RecordingProblem, storeProblem } from "./problem.ts";
import type { Part, Store } from "./store.ts";

/** A recorder at work. */
export interface Recorder {
  part: Part;
  /** Names the session of its part, once it is registered. */
  belongsTo(sessionId: string): Promise<void>;
  /** Stops it; resolves when the last piece is kept. */
  stop(): Promise<void>;
}

/** Milliseconds of a piece: what a crash can lose. */
const pieceMs = 1_000;

/** At this rate a quarter of an hour is about 35 MB. */
const rates = { videoBitsPerSecond: 280_000, audioBitsPerSecond: 32_000 };

const types = [
  "video/webm;codecs=vp8,opus",
  "video/webm",
  "video/mp4",
];
const typesOfSound = ["audio/webm;codecs=opus", "audio/webm", "audio/mp4"];

/**
 * Starts a recorder. Until it has stopped it holds the part's lock, which a crash
 * releases: nobody uploads a part that is still growing.
 */
export function startRecorder(
  o: {
    stream: MediaStream;
    store: Store;
    part: Omit<Part, "id" | "type" | "startedAt" | "uploadUrl">;
    /** It has stopped by itself. */
    onProblem(problem: RecordingProblem): void;
  },
): Recorder {
  const { stream, store } = o;
  const media = mediaRecorderFor(stream);
  const part: Part = {
    ...o.part,
    id: crypto.randomUUID(),
    type: media.mimeType,
    startedAt: new Date().toISOString(),
    uploadUrl: null,
  };
  const stopped = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  let isAsked = false;
  let failed: RecordingProblem | undefined;
  let count = 0;

  /** Writes follow one another; after a failure a piece would leave a gap. */
  let writing: Promise<unknown> = locked.promise;
  const write = (work: () => Promise<void>) => {
    writing = writing.then(() => failed ? undefined : work()).catch(fail);
  };
  const done = withLock(part.id, {}, async () => {
    locked.resolve();
    await stopped.promise;
    await writing;
  });

  function fail(cause: unknown) {
    failed ??= cause instanceof RecordingProblem ? cause : storeProblem(cause);
    stop();
  }

  function stop() {
    if (media.state !== "inactive") media.stop();
  }

  media.addEventListener("dataavailable", ({ data }) => {
    if (data.size > 0) {
      const index = count++;
      write(() => store.addPiece(part.id, index, data));
    }
  });
  media.addEventListener("stop", async () => {
    stopped.resolve();
    await done;
    if (!failed && !isAsked) failed = new RecordingProblem("disconnected");
    if (failed) o.onProblem(failed);
  });
  write(() => store.addPart(part));
  media.start(pieceMs);

  return {
    part,
    async belongsTo(sessionId) {
      part.sessionId = sessionId;
      write(() => store.changePart(part.id, { sessionId }));
      await writing;
    },
    async stop() {
      isAsked = true;
      stop();
      await done;
    },
  };
}

function mediaRecorderFor(stream: MediaStream): MediaRecorder {
  if (!globalThis.MediaRecorder || !navigator.locks) {
    throw new RecordingProblem("unsupported");
  }
  try {
    const candidates = stream.getVideoTracks().length > 0
      ? types
      : typesOfSound;
    const mimeType = candidates.find((type) =>
      MediaRecorder.isTypeSupported(type)
    );
    return new MediaRecorder(stream, {
      ...rates,
      ...(mimeType && { mimeType }),
    });
  } catch (cause) {
    throw new RecordingProblem("unsupported", cause);
  }
}

/** Runs `work` under the part's lock, which all tabs of this browser share. */
export async function withLock(
  partId: string,
  options: LockOptions,
  work: (lock: Lock | null) => Promise<void>,
): Promise<void> {
  await navigator.locks.request(
    `interview-recording:${partId}`,
    options,
    work,
  );
}
