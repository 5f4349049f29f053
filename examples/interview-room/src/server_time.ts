// What time it is for the server. The clock of this machine may be wrong by
// hours, so "two minutes ago" is not counted on it: each answer brings the
// server's time along, and the monotonic clock goes on from there.

let known: { serverMs: number; at: number } | undefined;

/** `fetch`, which also notes what time it is there. */
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
