// A time limit for a request. Safari has AbortSignal.timeout since 16 and
// AbortSignal.any since 17.4; this works without them.

/** Aborts after so many milliseconds, or when `signal` does. */
export function timeLimit(
  ms: number,
  signal: AbortSignal | undefined,
): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  setTimeout(abort, ms);
  return controller.signal;
}
