// The local stand-in for the schedule outside: calls the Edge Function that
// reaps, over HTTP and with a key of its own, as the real one does.

import { pause } from "./pause.ts";

/** What is called, and how often. */
export interface ScheduleOptions {
  /** The function's URL. */
  url: string;
  /** The secret key it is called with. */
  key: string;
  /** Milliseconds from one call to the next. */
  everyMs: number;
  /** Told of every call that failed. */
  onFailure(message: string): void;
}

/** A call that takes longer than this has failed; the next may still help. */
const callMayTakeMs = 60_000;

/** Calls at once and then at every interval, never twice at a time. */
export function startSchedule(o: ScheduleOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const next = performance.now() + o.everyMs;
      const failure = await call(o, stopping.signal);
      if (failure && !stopping.signal.aborted) o.onFailure(failure);
      await pause(next - performance.now(), stopping.signal);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** What went wrong, if anything did. */
async function call(
  { url, key }: ScheduleOptions,
  stop: AbortSignal,
): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { apikey: key },
      signal: AbortSignal.any([stop, AbortSignal.timeout(callMayTakeMs)]),
    });
    const text = await response.text();
    return response.ok
      ? undefined
      : `The scheduled reaper answered ${response.status}: ${text}`;
  } catch (error) {
    return `The scheduled reaper did not answer: ${(error as Error).message}`;
  }
}
