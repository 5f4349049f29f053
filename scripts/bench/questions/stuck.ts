// Does the reaper take longer when there are sessions that it cannot move?
import { type Bench, noAnswer, type Question } from "../answer.ts";
import { milliseconds, rounded } from "../numbers.ts";
import { ours } from "../parties/ours.ts";
import { pgbench } from "../pgbench.ts";
import { nextUser, rpc, userOf, userZero } from "../request.ts";
import type { BenchDatabase } from "../server.ts";
import { median, ratios } from "../statistics.ts";
import { databaseOf } from "../turns.ts";

const batch = 1000;

/** The question. */
export const stuck: Question = {
  name: "stuck",
  title: "The reaper among sessions that cannot be moved",
  gives: ["a batch, among stuck / among none", "stuck: moved"],
  async answer(bench) {
    const answer = noAnswer();
    const sizes = [0, bench.effort.stuck].map((count) => ({
      count,
      times: [] as number[],
      moved: [] as number[],
    }));
    for (const { count } of sizes) {
      bench.say(`${rounded(count)} that cannot be moved`);
      await makeStuck(await stuckDatabase(bench, count), count);
    }
    for (let round = 0; round <= bench.effort.rounds; round++) {
      bench.say(`round ${round}`);
      for (const { count, times, moved } of sizes) {
        const database = await stuckDatabase(bench, count);
        await makeMovable(database, count, bench.nextEpoch());
        const { p50 } = await reapOnce(bench, database);
        // The first round warms up.
        if (round === 0) continue;
        times.push(p50);
        moved.push(await movedByLastRun(database));
      }
    }
    answer.tables.push({
      title: `A call that moves ${rounded(batch)} sessions`,
      note: "The others are stale, too, and their attempt is due again: a " +
        "history row of the same id is in their way. They failed before, " +
        "which the reaper has recorded.",
      columns: ["cannot be moved", "p50 ms", "moved"],
      rows: sizes.map(({ count, times, moved }) => [
        rounded(count),
        milliseconds(median(times)),
        rounded(median(moved)),
      ]),
    });
    const [none, many] = sizes;
    answer.facts["a batch, among stuck / among none"] = ratios(
      many.times,
      none.times,
    );
    answer.facts["stuck: moved"] = ratios(many.moved, none.moved);
    return answer;
  },
};

function stuckDatabase(bench: Bench, count: number): Promise<BenchDatabase> {
  return databaseOf(bench, ours, count + batch, `_stuck_${count}`);
}

/** Users 1 to count: stale, failed before, and with a history row of the same id. */
async function makeStuck({ sql }: BenchDatabase, count: number) {
  await insertStale(sql, { from: 1, count, prefix: "stuck-" });
  await sql.unsafe(`
    insert into public.interview_session_history (
      user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status
    )
    select user_id, session_id, fence, created_at, updated_at, now(), 'cleared', status
    from public.active_interview_sessions;
    insert into sessions.reap_failures (fence, user_id, retry_at)
    select fence, user_id, now() - interval '1 second'
    from public.active_interview_sessions;
    analyze sessions.reap_failures`);
}

/** The users after those, each time with other ids. */
async function makeMovable(
  { sql }: BenchDatabase,
  stuck: number,
  epoch: number,
) {
  await insertStale(sql, {
    from: stuck + 1,
    count: batch,
    prefix: `${epoch}-`,
  });
  await sql`vacuum (analyze) public.active_interview_sessions`;
}

async function insertStale(
  sql: BenchDatabase["sql"],
  o: { from: number; count: number; prefix: string },
) {
  await sql.unsafe(`
    insert into public.active_interview_sessions (
      user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at
    )
    select
      ${
    userOf("n")
  }, '${o.prefix}' || n, nextval('sessions.fence'), now() - interval '1 hour',
      now() - interval '1 hour', now() - interval '1 minute', now() - interval '1 minute'
    from generate_series(${o.from}, ${o.from + o.count - 1}) as n`);
}

function reapOnce(bench: Bench, database: BenchDatabase) {
  const script = rpc("reap_stale_sessions", String(batch), {
    role: "service_role",
    columns: "count(*)",
  });
  return pgbench(bench, database, {
    script: `${nextUser}\n${script}`,
    clients: 1,
    times: 1,
    variables: { first: userZero, each: 0, i: 0, e: 1 },
  });
}

async function movedByLastRun({ sql }: BenchDatabase): Promise<number> {
  const [{ reaped }] = await sql<{ reaped: number }[]>`
    select reaped from sessions.reaper_runs order by ran_at desc, id desc limit 1`;
  return reaped;
}
