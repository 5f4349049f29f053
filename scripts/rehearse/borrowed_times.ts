// Shorter times for a part of a rehearsal, and afterwards the times that were in
// force before: the stack may be somebody else's.
import postgres from "postgres";
import { StackProblem } from "../stack/problem.ts";
import { changeTimes, type SessionTimes } from "../stack/session_times.ts";

/** The times that the rehearsal waits for, in seconds. */
export interface TimesInSeconds {
  /** How long a session lives without a heartbeat. */
  lease: number;
  /** How often a client is to give one. */
  heartbeatEvery: number;
  /** How often the reaper is called. */
  reapEvery: number;
}

/** Times that can be put in force for a while. */
export interface BorrowedTimes {
  /** The times as they are while they are borrowed. */
  times: TimesInSeconds;
  /** Puts them in force. */
  use(): Promise<void>;
  /** Puts the times of before back, if they are not. */
  putBack(): Promise<void>;
  /** Does that, and lets another rehearsal borrow. */
  giveBack(): Promise<void>;
}

/**
 * Checks the times, and changes none yet. Until they are given back no other
 * rehearsal can borrow: it would put back what this one had put in force.
 */
export async function borrowTimes(
  databaseUrl: string,
  changes: SessionTimes,
): Promise<BorrowedTimes> {
  const sql = connect(databaseUrl);
  try {
    const isChanged = Object.values(changes).some((time) => time !== undefined);
    if (!isChanged) return await borrowNothing(sql);
    await takeTurn(sql);
    const [before] = await sql<{ lease: string; heartbeat_every: string }[]>`
      select lease::text, heartbeat_every::text from sessions.settings`;
    let inUse = false;
    const putBack = async () => {
      if (inUse) await restore(sql, before);
      inUse = false;
    };
    return {
      times: await timesAfter(sql, changes),
      async use() {
        inUse = true;
        await changeTimes(sql, changes);
      },
      putBack,
      async giveBack() {
        await putBack();
        await sql.end();
      },
    };
  } catch (error) {
    await sql.end();
    throw error;
  }
}

async function borrowNothing(sql: postgres.Sql): Promise<BorrowedTimes> {
  return {
    times: await timesInForce(sql),
    use: () => Promise.resolve(),
    putBack: () => Promise.resolve(),
    giveBack: () => sql.end(),
  };
}

/** Holds the turn until the connection ends. */
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

/** The times that would be in force after these changes. */
async function timesAfter(
  sql: postgres.Sql,
  changes: SessionTimes,
): Promise<TimesInSeconds> {
  await sql`begin`;
  try {
    await changeTimes(sql, changes);
    return await timesInForce(sql);
  } finally {
    await sql`rollback`;
  }
}

async function timesInForce(sql: postgres.Sql): Promise<TimesInSeconds> {
  const [times] = await sql<TimesInSeconds[]>`
    select
      extract(epoch from lease)::float8 as "lease",
      extract(epoch from heartbeat_every)::float8 as "heartbeatEvery",
      extract(epoch from reap_every)::float8 as "reapEvery"
    from sessions.settings`;
  return times;
}

async function restore(
  sql: postgres.Sql,
  before: { lease: string; heartbeat_every: string },
) {
  await sql`
    update sessions.settings
    set
      lease = ${before.lease}::interval,
      heartbeat_every = ${before.heartbeat_every}::interval
    where is_the_row`;
}

function connect(databaseUrl: string): postgres.Sql {
  return postgres(databaseUrl, {
    max: 1,
    // the connection holds the turn
    idle_timeout: 0,
    max_lifetime: 0,
    onnotice: () => {},
  });
}
