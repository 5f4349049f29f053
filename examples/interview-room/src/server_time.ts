// What time it is for the server. This machine's clock may be wrong by hours:
// each answer brings the server's time, and the monotonic clock counts from there.

let known: { serverMs: number; at: number } | undefined;

/** `fetch`, which also notes the server's time. */
export const fetchNotingTime: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const serverMs = Date.parse(response.headers.get("date") ?? "");
  if (!Number.isNaN(serverMs)) known = { serverMs, at: performance.now() };
  return response;
};

/** Milliseconds since 1970, by the server's clock, to a second or so. */
export function serverNow(): number {
  if (!known) return Date.now();
  return known.serverMs + performance.now() - known.at;
}

/** Seconds since a timestamp of the server's. */
export function secondsSince(timestamp: string): number {
  return Math.max(0, (serverNow() - Date.parse(timestamp)) / 1000);
}

/** Seconds until a timestamp of the server's; negative if it has passed. */
export function secondsUntil(timestamp: string): number {
  return (Date.parse(timestamp) - serverNow()) / 1000;
}
