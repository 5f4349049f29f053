// How many bytes does a session take: while it lives, and ever after?
import * as fs from "node:fs";
import { type Answer, type Bench, noAnswer, type Question } from "../answer.ts";
import { rounded } from "../numbers.ts";
import { firstPlan } from "../parties/first_plan.ts";
import { indexed, ours } from "../parties/ours.ts";
import { startRedis } from "../redis.ts";
import { connect } from "../server.ts";
import { databaseOf, makeLive, parties } from "../turns.ts";

/** The question. */
export const size: Question = {
  name: "size",
  title: "Bytes a session",
  gives: ["ours: live bytes", "ours: history bytes"],
  async answer(bench) {
    const answer = noAnswer();
    const count = bench.effort.live.at(-2) ?? 1000;
    const rows: string[][] = [];
    const queue = parties().parties.filter(({ name }) =>
      name === "graphile-worker"
    );
    for (const party of [ours, indexed, firstPlan, ...queue]) {
      bench.say(party.name);
      const database = await databaseOf(bench, party, count, "_size");
      await makeLive(database, party, { from: 1, count, epoch: 1000 });
      const live = await bytesOf(database.url(), party.table ?? "") / count;
      let ended = "–";
      if (party === ours) {
        await database.sql.unsafe(historyOf(count));
        const history = "public.interview_session_history";
        const bytes = await bytesOf(database.url(), history) / count;
        ended = rounded(bytes);
        fact(answer, "ours: live bytes", live);
        fact(answer, "ours: history bytes", bytes);
      }
      rows.push([party.name, rounded(live), ended]);
    }
    rows.push([
      "advisory lock, by its connection",
      ...await ofAConnection(bench),
    ]);
    rows.push(...await ofRedis(bench, answer, count));
    answer.tables.push({
      title: `Bytes a session, of ${rounded(count)}, with indexes`,
      note: "Redis: in memory. A connection: the memory of its process that " +
        "it shares with no other, right after it took its lock.",
      columns: ["", "live", "in the history"],
      rows,
    });
    return answer;
  },
};

function fact(answer: Answer, name: string, value: number) {
  answer.facts[name] = { median: value, low: value, high: value };
}

async function bytesOf(url: string, table: string): Promise<number> {
  const sql = connect(url);
  const [{ bytes }] = await sql`
    select pg_total_relation_size(${table}::regclass)::float8 as bytes`;
  await sql.end();
  return bytes;
}

/** As they would stand there, had they ended. */
function historyOf(count: number): string {
  return `
    insert into public.interview_session_history (
      user_id, session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status
    )
    select user_id, session_id, fence, device, created_at, updated_at, updated_at + interval '10 minutes', 'completed', 'completing'
    from public.active_interview_sessions
    limit ${count}`;
}

async function ofAConnection(bench: Bench): Promise<string[]> {
  const database = await databaseOf(bench, ours, 0, "_size");
  const sql = connect(database.url("authenticator"));
  const [{ pid }] = await sql`
    select pg_backend_pid() as pid from pg_try_advisory_lock(1)`;
  const file = `/proc/${pid}/smaps_rollup`;
  const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  await sql.end();
  const own = [...text.matchAll(/^Private_\w+: +(\d+) kB$/gm)]
    .reduce((sum, [, kB]) => sum + Number(kB), 0);
  return [own === 0 ? "–" : rounded(1024 * own), "–"];
}

async function ofRedis(
  { redis, folder }: Bench,
  answer: Answer,
  count: number,
): Promise<string[][]> {
  if ("reason" in redis) {
    answer.skipped.push(`Redis: ${redis.reason}`);
    return [];
  }
  const server = await startRedis(redis, "everysec", `${folder}/redis-size`);
  try {
    return [["Redis", rounded(await server.bytesPerSession(count)), "–"]];
  } finally {
    await server.stop();
  }
}
