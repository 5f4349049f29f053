// What do hours of heartbeats leave behind: in the table, in the log? And what
// would an index on expires_at make of it?
import { type Bench, noAnswer, type Question } from "../answer.ts";
import { milliseconds, rounded } from "../numbers.ts";
import { firstPlan } from "../parties/first_plan.ts";
import { indexed, ours } from "../parties/ours.ts";
import type { Party } from "../party.ts";
import { pgbench } from "../pgbench.ts";
import { nextUser, userZero } from "../request.ts";
import { databaseOf, makeLive } from "../turns.ts";

const everySeconds = 30;
const clients = 8;

interface Left {
  hotShare: number;
  walBytes: number;
  bytesBefore: number;
  bytesAfter: number;
  cpu: number;
  count: number;
}

/** The question. */
export const heartbeats: Question = {
  name: "heartbeats",
  title: "Hours of heartbeats",
  gives: ["ours: HOT share"],
  async answer(bench) {
    const { sessions, hours } = bench.effort.heartbeats;
    const answer = noAnswer();
    const left = new Map<string, Left>();
    for (const party of [ours, indexed, firstPlan]) {
      bench.say(`${hours} hours of ${sessions} sessions: ${party.name}`);
      left.set(party.name, await beat(bench, party));
    }
    const perHour = 3600 / everySeconds;
    answer.tables.push({
      title: `After ${hours} hours of heartbeats of ${sessions} sessions, ` +
        `one each every ${everySeconds} s`,
      note: `${rounded(sessions * hours * perHour)} heartbeats by ${clients} ` +
        "clients without a pause, after a first vacuum. Autovacuum looks " +
        "every second instead of every minute: much more rarely, measured in " +
        "heartbeats, than it would.",
      columns: [
        ...["", "HOT", "WAL bytes a heartbeat", "table and indexes before"],
        ...["after", "server CPU ms a heartbeat"],
      ],
      rows: [...left].map(([name, of]) => [
        name,
        `${(100 * of.hotShare).toFixed(2)} %`,
        rounded(of.walBytes / of.count),
        `${rounded(of.bytesBefore / 1024)} kB`,
        `${rounded(of.bytesAfter / 1024)} kB`,
        milliseconds(of.cpu),
      ]),
    });
    const { hotShare } = left.get("ours") ?? { hotShare: NaN };
    answer.facts["ours: HOT share"] = {
      median: hotShare,
      low: hotShare,
      high: hotShare,
    };
    return answer;
  },
};

async function beat(bench: Bench, party: Party): Promise<Left> {
  const { sessions, hours } = bench.effort.heartbeats;
  const database = await databaseOf(bench, party, sessions, "_for_hours");
  const { sql } = database;
  await sql`alter system set autovacuum_naptime = 1`;
  await sql`select pg_reload_conf()`;
  const epoch = bench.nextEpoch();
  await makeLive(database, party, { from: 1, count: sessions, epoch });

  const each = Math.floor(sessions / clients);
  const times = Math.ceil(hours * 3600 / everySeconds) * each;
  const turn = (times: number) =>
    pgbench(bench, database, {
      script: [
        nextUser,
        // round and round, each client among its own
        `\\if :i >= :each`,
        `\\set i 0`,
        `\\endif`,
        party.scripts.heartbeat,
      ].join("\n"),
      clients,
      times,
      variables: { first: userZero + 1, each, i: 0, e: epoch },
    });
  // the table takes its shape, and a vacuum makes the first room
  await turn(2 * each);
  await sql.unsafe(`vacuum (analyze) ${party.table}`);
  const before = await look();
  const { cpu, count } = await turn(times);
  const after = await look();
  await sql`alter system reset autovacuum_naptime`;
  await sql`select pg_reload_conf()`;
  return {
    hotShare: (after.hot - before.hot) / (after.updates - before.updates),
    walBytes: after.wal - before.wal,
    bytesBefore: before.bytes,
    bytesAfter: after.bytes,
    cpu,
    count,
  };

  async function look() {
    const [seen] = await sql.unsafe<
      { updates: number; hot: number; bytes: number; wal: number }[]
    >(`
      select
        n_tup_upd::float8 as updates,
        n_tup_hot_upd::float8 as hot,
        pg_total_relation_size(relid)::float8 as bytes,
        (pg_current_wal_insert_lsn() - '0/0')::float8 as wal
      from pg_stat_user_tables
      where relid = '${party.table}'::regclass`);
    return seen;
  }
}
