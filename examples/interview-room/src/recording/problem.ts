// What can go wrong with a recording. None of it stops the interview.

/** A problem with devices, the recorder, the device's storage or the upload. */
export class RecordingProblem extends Error {
  constructor(readonly kind: ProblemKind, cause?: unknown) {
    super(messages[kind], { cause });
  }
}

export type ProblemKind = keyof typeof messages;

const messages = {
  denied:
    "Your browser does not let this page use the camera and microphone. Allow it in the browser's address bar, then check again.",
  none:
    "No camera and no microphone were found. Connect one, then check again.",
  "in-use":
    "The camera or microphone is in use by another program. Close that program, then check again.",
  insecure:
    "Browsers give pages the camera and microphone only over HTTPS. Open this page with an address that begins with https.",
  "no-device":
    "The camera and microphone could not be started. Check that they work, then check again.",
  unsupported: "This browser cannot record. Your interview goes on without it.",
  disconnected:
    "The camera or microphone was disconnected, so the recording stopped. Your interview goes on.",
  full:
    "There is no space left on this device, so the recording stopped. Your interview goes on.",
  "not-kept":
    "This browser cannot keep a recording on this device. Your interview goes on without it.",
  "signed-out":
    "The recording is kept on this device. Sign in again to upload it.",
  unreachable:
    "The recording could not be uploaded: the server cannot be reached. It is kept on this device.",
  "too-large":
    "The recording was not uploaded: it is larger than the server accepts. It is kept on this device.",
  refused:
    "The recording was not uploaded: the server refused it. It is kept on this device.",
} as const;

/** The problem behind an error of getUserMedia. */
export function deviceProblem(cause: unknown): RecordingProblem {
  const name = cause instanceof DOMException ? cause.name : "";
  return new RecordingProblem(deviceErrors[name] ?? "no-device", cause);
}

const deviceErrors: Record<string, ProblemKind> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "in-use",
  AbortError: "in-use",
};

/** The problem behind an error of IndexedDB. */
export function storeProblem(cause: unknown): RecordingProblem {
  const isFull = cause instanceof DOMException &&
    cause.name === "QuotaExceededError";
  return new RecordingProblem(isFull ? "full" : "not-kept", cause);
}
