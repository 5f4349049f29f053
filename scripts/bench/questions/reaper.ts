// What does the reaper cost when it finds nothing, and when it finds something?
// How fast is it, does it slow down starts, and would an index help?
import { type Answer, type Bench, noAnswer, type Question } from "../answer.ts";
import { milliseconds, rounded, withSpread } from "../numbers.ts";
import { indexed, ours } from "../parties/ours.ts";
import type { Party } from "../party.ts";
import { pgbench, type Sample } from "../pgbench.ts";
import { nextUser, rpc, userOf, userZero } from "../request.ts";
import { type BenchDatabase, connect } from "../server.ts";
import { median, percentile, ratios, spread } from "../statistics.ts";
import { databaseOf, makeLive, takeTurn } from "../turns.ts";

const batch = 1000;
/** Users for the starts that are limited by time: more than can start. */
const starters = 30_000;

const sweep = (size: number) =>
  rpc("reap_stale_sessions", String(size), {
    role: "service_role",
    columns: "count(*)",
  });

/** The question. */
export const reaper: Question = {
  name: "reaper",
  title: "The reaper",
  gives: [
    "rows per second",
    "p99 of starts, reaping / quiet",
    "empty sweep / a minute of heartbeats",
  ],
  async answer(bench) {
    const answer = noAnswer();
    const sizes = bench.effort.live.slice(1);
    const parties = [ours, indexed];
    for (const live of sizes) {
      for (const party of parties) {
        bench.say(`${rounded(live)} live sessions are made: ${party.name}`);
        const database = await reapersDatabase(bench, party, live);
        await makeLive(database, party, { from: 1, count: live, epoch: 1 });
      }
    }
    await sweeps(bench, answer, parties, sizes);
    await catchingUp(bench, answer, parties, sizes);
    await startsMeanwhile(bench, answer, sizes);
    return answer;
  },
};

function reapersDatabase(
  bench: Bench,
  party: Party,
  live: number,
): Promise<BenchDatabase> {
  // For live sessions, stale ones, and those that start meanwhile.
  const users = live + bench.effort.stale + starters;
  return databaseOf(bench, party, users, `_reaped_${live}`);
}

/** A sweep that finds nothing, and one that finds a batch. */
async function sweeps(
  bench: Bench,
  answer: Answer,
  parties: Party[],
  sizes: number[],
) {
  const rows: string[][] = [];
  for (const live of sizes) {
    for (const party of parties) {
      bench.say(`sweeps among ${rounded(live)}: ${party.name}`);
      const database = await reapersDatabase(bench, party, live);
      const turn = (times: number) =>
        pgbench(bench, database, {
          script: `${nextUser}\n${sweep(batch)}`,
          clients: 1,
          times,
          variables: { first: userZero, each: 0, i: 0, e: 1 },
        });
      await turn(2);
      const empty = await turn(10 * bench.effort.rounds);
      const full: number[] = [];
      for (let round = 0; round < bench.effort.rounds; round++) {
        await makeStale(database, live, batch);
        full.push((await turn(1)).p50);
      }
      rows.push([
        rounded(live),
        party.name,
        milliseconds(empty.p50),
        milliseconds(empty.cpu),
        milliseconds(median(full)),
      ]);
      if (party !== ours || live !== sizes.at(-1)) continue;
      const heartbeat = await takeTurn(bench, ours, "heartbeat", {
        clients: 1,
        times: Math.min(bench.effort.users, 10_000),
      });
      const minute = 2 * live * heartbeat.cpu;
      answer.facts["empty sweep / a minute of heartbeats"] = spread([
        empty.cpu / minute,
      ]);
    }
  }
  answer.tables.push({
    title: `A sweep of at most ${rounded(batch)}`,
    columns: [
      ...["live", "", "finds nothing: ms", "server CPU ms"],
      `finds ${rounded(batch)}: ms`,
    ],
    rows,
  });
}

/** The schedule runs again after days. */
async function catchingUp(
  bench: Bench,
  answer: Answer,
  parties: Party[],
  sizes: number[],
) {
  const { stale } = bench.effort;
  const rounds = Math.min(3, bench.effort.rounds);
  const table: string[][] = [];
  for (const live of sizes) {
    const speeds = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
      for (const size of [batch, 10 * batch]) {
        for (const party of parties) {
          bench.say(
            `${rounded(stale)} stale among ${
              rounded(live)
            }, by ${size}: ${party.name}`,
          );
          const database = await reapersDatabase(bench, party, live);
          await addStale(bench, database, party, live);
          const { seconds, reaped } = await reapAll(database, size);
          const name = `${party.name}, ${rounded(size)} a batch`;
          speeds.set(name, [...speeds.get(name) ?? [], reaped / seconds]);
        }
      }
    }
    for (const [name, values] of speeds) {
      table.push([rounded(live), name, withSpread(spread(values))]);
    }
    if (live === sizes[0]) {
      const usual = speeds.get(`ours, ${rounded(batch)} a batch`) ?? [];
      answer.facts["rows per second"] = spread(usual);
    }
  }
  answer.tables.push({
    title: `Catching up: ${rounded(stale)} stale sessions`,
    note: "One call after the other, each in its own request, until one " +
      "finds less than a batch.",
    columns: ["live", "", "sessions reaped per second"],
    rows: table,
  });
}

/** Starts of one client, in quiet and while stale sessions are reaped. */
async function startsMeanwhile(bench: Bench, answer: Answer, sizes: number[]) {
  const { stale, rounds, turnSeconds } = bench.effort;
  const live = sizes[0];
  const database = await reapersDatabase(bench, ours, live);
  const quiet: number[][] = [];
  const reaping: number[][] = [];
  const seconds = Math.max(1, Math.ceil(4 * turnSeconds));
  for (let round = 0; round < rounds; round++) {
    bench.say(`starts while others are reaped, round ${round + 1}`);
    await reapAll(database, 10 * batch);
    await removeStarted(database, live + stale);
    quiet.push(
      times((await starts(bench, database, live + stale, seconds)).samples),
    );
    await removeStarted(database, live + stale);
    await addStale(bench, database, ours, live);
    const load = starts(bench, database, live + stale, seconds);
    // Not before the first start: connecting is no start.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const began = Date.now();
    await reapAll(database, batch);
    const ended = Date.now();
    const { samples } = await load;
    reaping.push(
      times(samples.filter(({ at }) => at >= began && at <= ended)),
    );
  }
  const row = (name: string, of: number[][]) => [
    name,
    rounded(of.flat().length),
    ...[0.5, 0.95, 0.99].map((share) =>
      milliseconds(percentile(of.flat(), share))
    ),
  ];
  answer.tables.push({
    title: `Starts while ${rounded(stale)} stale sessions are reaped`,
    note: `1 client starts one session after the other; the reaper moves ` +
      `${rounded(batch)} per call. ${rounded(live)} live sessions.`,
    columns: ["", "starts", "p50 ms", "p95 ms", "p99 ms"],
    rows: [row("quiet", quiet), row("reaping", reaping)],
  });
  const p99 = (of: number[][]) => of.map((all) => percentile(all, 0.99));
  answer.facts["p99 of starts, reaping / quiet"] = ratios(
    p99(reaping),
    p99(quiet),
  );
}

const times = (samples: Sample[]) => samples.map(({ ms }) => ms);

function starts(
  bench: Bench,
  database: BenchDatabase,
  last: number,
  seconds: number,
) {
  return pgbench(bench, database, {
    script: `${nextUser}\n${ours.scripts.start}`,
    clients: 1,
    times: { seconds },
    variables: {
      first: userZero + last + 1,
      each: 0,
      i: 0,
      e: bench.nextEpoch(),
    },
  });
}

async function removeStarted({ sql }: BenchDatabase, last: number) {
  await sql.unsafe(`
    delete from public.active_interview_sessions
    where user_id > ${userOf(String(last))}`);
}

/** Makes so many of the live sessions stale, spread over the table. */
async function makeStale(
  { sql }: BenchDatabase,
  live: number,
  count: number,
) {
  // Those that were reaped are inserted again, so that the number stays.
  await sql.unsafe(`
    insert into public.active_interview_sessions (
      user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at
    )
    select
      ${userOf("n")}, gen_random_uuid(), n, now() - interval '1 hour',
      now() - interval '1 hour', now() - interval '1 minute', now() - interval '1 minute'
    from (
      select distinct (k * ${live}::bigint / ${count} + 1)::int as n
      from generate_series(0, ${count - 1}) as k
    ) of
    on conflict (user_id) do update
    set session_id = excluded.session_id, deadline_at = excluded.deadline_at,
      expires_at = excluded.expires_at, created_at = excluded.created_at,
      updated_at = excluded.updated_at`);
}

async function addStale(
  bench: Bench,
  { sql }: BenchDatabase,
  party: Party,
  live: number,
) {
  const users = {
    from: live + 1,
    count: bench.effort.stale,
    epoch: bench.nextEpoch(),
  };
  await sql.unsafe(party.fill(users));
  const [from, to] = [live + 1, live + bench.effort.stale].map(String);
  await sql.unsafe(`
    update public.active_interview_sessions
    set created_at = now() - interval '1 hour', updated_at = now() - interval '1 hour',
      deadline_at = now() - interval '1 minute', expires_at = now() - interval '1 minute'
    where user_id between ${userOf(from)} and ${userOf(to)}`);
  await sql.unsafe(`vacuum (analyze) ${party.table}`);
}

async function reapAll(
  database: BenchDatabase,
  size: number,
): Promise<{ seconds: number; reaped: number }> {
  const sql = connect(database.url("authenticator"));
  const began = performance.now();
  let reaped = 0;
  for (let last = size; last >= size;) {
    [{ last }] = await sql.begin(async (sql) => {
      await sql`
        select
          set_config('role', 'service_role', true),
          set_config('request.path', '/rpc/reap_stale_sessions', true)`;
      return await sql<{ last: number }[]>`
        select count(*)::int as last from public.reap_stale_sessions(${size})`;
    });
    reaped += last;
  }
  const seconds = (performance.now() - began) / 1000;
  await sql.end();
  return { seconds, reaped };
}
