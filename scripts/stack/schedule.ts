// The local stand-in for the external schedule: calls the Edge Function that
// reaps, over HTTP and with a key of its own, as the real one does.
import { setTimeout as delay } from "node:timers/promises";

/** What is called, and how often. */
export interface ScheduleOptions {
  /** The function's URL. */
  url: string;
  /** The secret key it is called with. */
  key: string;
  /** Milliseconds from one call to the next. */
  everyMs: number;
  /** Called with every failure. */
  onFailure(message: string): void;
}

/** A call that takes longer counts as failed, so that the next one is made. */
const callMayTakeMs = 60_000;

/** Calls at once and then at every interval, one call at a time. */
export function startSchedule(o: ScheduleOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const running = (async () => {
    while (!signal.aborted) {
      const next = performance.now() + o.everyMs;
      const failure = await call(o, signal);
      if (failure && !signal.aborted) o.onFailure(failure);
      const left = Math.max(next - performance.now(), 0);
      // rejects only when stopped
      await delay(left, undefined, { signal }).catch(() => {});
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** The failure in a sentence, if the call failed. */
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
