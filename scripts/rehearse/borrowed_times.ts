// Shorter times for the length of a rehearsal on a stack that somebody else
// runs, and afterwards what was there before.
import postgres from "postgres";
import { StackProblem } from "../stack/problem.ts";
import { type SessionTimes, setSessionTimes } from "../stack/session_times.ts";

/** The times that the rehearsal waits for, in seconds. */
export interface TimesInSeconds {
  /** How long a session lives without a heartbeat. */
  lease: number;
  /** How often a client is to give one. */
  heartbeatEvery: number;
  /** How often the reaper is called. */
  reapEvery: number;
}

/** Reads the times that are in force. */
export async function readTimes(databaseUrl: string): Promise<TimesInSeconds> {
  const sql = connect(databaseUrl);
  try {
    const [times] = await sql<TimesInSeconds[]>`
      select
        extract(epoch from lease)::float8 as "lease",
        extract(epoch from heartbeat_every)::float8 as "heartbeatEvery",
        extract(epoch from reap_every)::float8 as "reapEvery"
      from sessions.settings`;
    return times;
  } finally {
    await sql.end();
  }
}

/**
 * Changes the times; what it returns puts them back. One at a time, or the
 * second would put back what the first had made.
 */
export async function borrowTimes(
  databaseUrl: string,
  times: SessionTimes,
): Promise<() => Promise<void>> {
  const sql = connect(databaseUrl);
  try {
    await takeTurn(sql);
    const [before] = await sql<{ lease: string; heartbeat_every: string }[]>`
      select lease::text, heartbeat_every::text from sessions.settings`;
    await setSessionTimes(databaseUrl, times);
    return async () => {
      await sql`
        update sessions.settings
        set
          lease = ${before.lease}::interval,
          heartbeat_every = ${before.heartbeat_every}::interval
        where is_the_row`;
      await sql.end();
    };
  } catch (error) {
    await sql.end();
    throw error;
  }
}

/** Until the connection ends. */
async function takeTurn(sql: postgres.Sql) {
  const [{ taken }] = await sql<{ taken: boolean }[]>`
    select pg_try_advisory_lock(hashtextextended('rehearsal', 0)) as taken`;
  if (taken) return;
  throw new StackProblem(
    "Another rehearsal has changed the times of this stack and will put them " +
      "back when it ends. Wait for that, or leave out --lease and " +
      "--heartbeat-every.",
  );
}

function connect(databaseUrl: string): postgres.Sql {
  return postgres(databaseUrl, {
    max: 1,
    // this one holds the turn
    idle_timeout: 0,
    max_lifetime: 0,
    onnotice: () => {},
  });
}
