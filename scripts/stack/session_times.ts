// Reads and changes the times in sessions.settings, for trying things out in
// seconds rather than minutes.
import postgres from "postgres";
import { StackProblem } from "./problem.ts";

/** Times that can be changed at the start, in milliseconds. */
export interface SessionTimes {
  /** How long a session lives without a sign of life. */
  lease?: number;
  /** How often a client is to give one. */
  heartbeatEvery?: number;
  /** How long a session may last in all. */
  maxDuration?: number;
  /** How often the schedule calls the reaper. */
  reapEvery?: number;
}

/** The times in force, as Postgres prints intervals. */
export interface TimesInForce {
  /** How long a session lives without a sign of life. */
  lease: string;
  /** How often a client is to give one. */
  heartbeat_every: string;
  /** How long a session may last in all. */
  max_duration: string;
}

/**
 * Changes the times that are given and says which ones are in force. A shorter
 * lease shortens the heartbeats with it, unless those are given too.
 */
export async function setSessionTimes(
  databaseUrl: string,
  times: SessionTimes,
): Promise<TimesInForce> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
  try {
    return await changeTimes(sql, times);
  } finally {
    await sql.end();
  }
}

/** The same over a connection, in whatever transaction that is in. */
export async function changeTimes(
  sql: postgres.Sql,
  times: SessionTimes,
): Promise<TimesInForce> {
  const interval = (ms: number | undefined) =>
    ms === undefined ? null : `${ms} milliseconds`;
  const lease = interval(times.lease);
  try {
    const [inForce] = await sql<TimesInForce[]>`
      update sessions.settings as s
      set
        lease = coalesce(${lease}::interval, s.lease),
        heartbeat_every = coalesce(
          ${interval(times.heartbeatEvery)}::interval,
          least(s.heartbeat_every, ${lease}::interval / 2.5)
        ),
        max_duration = coalesce(
          ${interval(times.maxDuration)}::interval, s.max_duration
        ),
        reap_every = coalesce(
          ${interval(times.reapEvery)}::interval, s.reap_every
        )
      where s.is_the_row
      returning
        s.lease::text, s.heartbeat_every::text, s.max_duration::text`;
    return inForce;
  } catch (cause) {
    if ((cause as { code?: string }).code !== "23514") throw cause;
    throw new StackProblem(
      "These times do not go together: all must be longer than nothing, and " +
        "a lease must last at least 2.5 heartbeats.",
      { cause },
    );
  }
}
