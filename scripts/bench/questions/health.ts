// Does session_health() take longer when the history has grown?
import { type Bench, noAnswer, type Question } from "../answer.ts";
import { milliseconds, rounded } from "../numbers.ts";
import { ours } from "../parties/ours.ts";
import { pgbench } from "../pgbench.ts";
import { nextUser, rpc, userOf, userZero } from "../request.ts";
import type { BenchDatabase } from "../server.ts";
import { median, ratios, spread } from "../statistics.ts";
import { databaseOf, makeLive } from "../turns.ts";

/** Live sessions beside the history. */
const live = 1000;

/** The question. */
export const health: Question = {
  name: "health",
  title: "The health, by the size of the history",
  gives: ["most / fewest", "most rows: p50"],
  async answer(bench) {
    const { effort } = bench;
    const answer = noAnswer();
    const sizes = await Promise.all(
      effort.history.map(async (rows) => ({
        rows,
        database: await databaseOf(bench, ours, users, `_history_${rows}`),
        p50s: [] as number[],
        report: "",
      })),
    );
    for (const size of sizes) {
      bench.say(`${rounded(size.rows)} ended sessions are made`);
      await fillHistory(size.database, size.rows);
      const epoch = bench.nextEpoch();
      await makeLive(size.database, ours, { from: 1, count: live, epoch });
      size.report = await reportOf(size.database);
    }
    for (let round = 0; round <= effort.rounds; round++) {
      bench.say(`round ${round}`);
      for (const { database, p50s } of sizes) {
        const p50 = await medianOfCalls(bench, database);
        // The first round warms up.
        if (round > 0) p50s.push(p50);
      }
    }
    answer.tables.push({
      title: "session_health(), 1 client",
      note: `${rounded(live)} live sessions. The history is filled with ` +
        "foreign keys switched off and then vacuumed.",
      columns: ["ended sessions", "p50 ms", "it says"],
      rows: sizes.map(({ rows, p50s, report }) => [
        rounded(rows),
        milliseconds(median(p50s)),
        report,
      ]),
    });
    const [fewest, most] = [sizes[0], sizes[sizes.length - 1]];
    answer.facts["most / fewest"] = ratios(most.p50s, fewest.p50s);
    answer.facts["most rows: p50"] = spread(most.p50s);
    return answer;
  },
};

/** Each has as many ended sessions as the others. */
const users = 10_000;

/**
 * Sessions of 10 minutes, spread over 80 days, the last of which has just ended. Without the
 * foreign key, since it is checked row by row, and without the indexes, which are built at the
 * end: ten million rows take a minute or two.
 */
async function fillHistory({ sql }: BenchDatabase, rows: number) {
  const table = "public.interview_session_history";
  const indexes = await sql<{ create: string }[]>`
    select pg_get_indexdef(indexrelid) as create
    from pg_index where indrelid = ${table}::regclass and not indisprimary`;
  await sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql.unsafe(`drop index public.interview_session_history_ended_at`);
    await sql.unsafe(`
      insert into ${table} (
        user_id, session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status
      )
      select
        ${userOf(`(n % ${users} + 1)`)}, 'ended-' || n, n, 'Chrome on Windows',
        t.ended_at - interval '10 minutes', t.ended_at, t.ended_at, 'completed', 'completing'
      from generate_series(1, ${rows}) as n
      cross join lateral (
        select now() - interval '80 days' * (1 - n / ${rows}.0) as ended_at
      ) t`);
    for (const { create } of indexes) await sql.unsafe(create);
  });
  await sql.unsafe(`vacuum (analyze) ${table}`);
  // As the reaper leaves it: without a run, the health is a warning.
  await sql`select from public.reap_stale_sessions()`;
}

async function reportOf({ sql }: BenchDatabase): Promise<string> {
  const [{ status, reason }] = await sql<{ status: string; reason: string }[]>`
    select status, reason from public.session_health()`;
  return `${status}: ${reason}`;
}

async function medianOfCalls(
  bench: Bench,
  database: BenchDatabase,
): Promise<number> {
  const script = rpc("session_health", "", { role: "service_role" });
  const { p50 } = await pgbench(bench, database, {
    script: `${nextUser}\n${script}`,
    clients: 1,
    times: 60,
    variables: { first: userZero, each: 0, i: 0, e: 1 },
  });
  return p50;
}
