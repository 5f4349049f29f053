// What every environment has: a clock, a timer, random ids, a last request.
import type { LastRequest } from "./environment.ts";

/** Seconds on a clock that never steps. */
export function now(): number {
  return performance.now() / 1000;
}

/** Calls `work` once, after so many seconds; the returned function cancels. */
export function after(seconds: number, work: () => void): () => void {
  const timer = setTimeout(work, seconds * 1000);
  return () => clearTimeout(timer);
}

/** A random UUID. `crypto.randomUUID` exists only where the page is secure. */
export function newId(): string {
  // 0: any digit; 8: one from 8 to b; 4 is the version
  return "00000000-0000-4000-8000-000000000000".replace(/[08]/g, (digit) => {
    const [random = 0] = crypto.getRandomValues(new Uint8Array(1));
    return (digit === "0" ? random & 15 : random & 3 | 8).toString(16);
  });
}

/** Sends a request that outlives the page; nobody waits for the answer. */
export function send(url: string, init: LastRequest): void {
  fetch(url, { ...init, keepalive: true }).catch(() => {});
}

/** The result of `work`; undefined if it throws. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
