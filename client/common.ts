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

/** A random UUID; `crypto.randomUUID` exists only where the page is secure. */
export function newId(): string {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = bytes[6]! & 0x0f | 0x40;
  bytes[8] = bytes[8]! & 0x3f | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  return hex.join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Sends a request that outlives the page; nobody waits for the answer. */
export function send(url: string, init: LastRequest): void {
  fetch(url, { ...init, keepalive: true }).catch(() => {});
}
