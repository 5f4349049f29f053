// The scheduler is dead for three days: 100 000 stale sessions lie among 100 000
// that live. Nobody notices but the operator; and then it is caught up.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type postgres from "postgres";
import {
  type LastingDatabase,
  makeCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import { type Project, startProjectOn } from "./project.ts";
import { countOf, seed } from "./rows.ts";
import {
  type Active,
  asUser,
  type Call,
  call,
  codeOf,
  connectTo,
  type Ended,
  newUsers,
  report,
  textOf,
} from "./support.ts";

/** So many are stale, and so many live. */
const count = 100_000;

/** Of those that live, so many make calls. */
const asking = 10;

let database: LastingDatabase;
let superuser: postgres.Sql;
let client: postgres.Sql;

Deno.test.beforeAll(async () => {
  database = await makeCopyOf("migrated");
  superuser = connectTo(database.url("supabase_admin"), 4);
  client = connectTo(database.url("authenticator"));
  // what lives is not to run out while the tests run
  await superuser`
    update sessions.settings set lease = '1 hour', max_duration = '3 hours'`;
  // as the scheduler left it, three days ago, with a run every minute till then
  await superuser`
    insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took)
    values (now() - interval '3 days', 'service_role', 0, 0, 0, '1 ms')`;
  await seed(superuser, {
    prefix: "stale-",
    count,
    began: "3 days",
    heard: "2 days 23 hours",
  });
  // a history large enough to be read by index
  await superuser`
    insert into public.interview_session_history (
      user_id, session_id, fence, ended_fence, started_at, last_seen_at, ended_at,
      end_reason, status
    )
    select
      a.user_id, 'earlier ' || a.session_id, a.fence - 2000000, a.fence - 1000000,
      now() - interval '4 days', now() - interval '4 days',
      now() - interval '4 days', 'completed', 'completing'
    from public.active_interview_sessions a
    limit 10000`;
  for (
    const [prefix, those] of [["live-", count - asking], [
      "asking-",
      asking,
    ]] as const
  ) {
    const times = { began: "2 minutes", heard: "1 minute" };
    await seed(superuser, { prefix, count: those, ...times });
  }
});
Deno.test.afterAll(async () => {
  await client.end();
  await superuser.end();
  await database.drop();
});

// The tests follow one another: three days of nothing, and then the catching up.

Deno.test("R24, B2: session_health() is critical, and says why", async () => {
  const health = await healthOf(superuser);
  assert.equal(health.status, "critical");
  assert.match(health.reason, /cleaned up; the reaper last ran 3 days/);
  assert.deepEqual([health.live, health.stale], [count, count]);
});

Deno.test("R24, R8, B1: a stale session is over: a heartbeat is refused with the reason, and its user starts at once", async () => {
  const stale = await rowOf("stale-1");
  await assert.rejects(
    asked(stale, { name: "heartbeat_session", session: "stale-1" }),
    ({ code, detail }: postgres.PostgresError) => {
      assert.equal(code, "PT410");
      const { end_reason, ended_at } = JSON.parse(detail!);
      assert.equal(end_reason, "expired");
      assert.equal(Date.parse(ended_at), Date.parse(stale.expires_at));
      return true;
    },
  );

  const session = randomUUID();
  const started = await asked(stale, start(session)) as Active;

  assert.equal(started.previous_session_id, null);
  const [{ ended }] = await superuser<{ ended: Ended }[]>`
    select to_jsonb(h) as ended
    from public.interview_session_history h
    where h.session_id = 'stale-1'`;
  assert.equal(ended.end_reason, "expired");
  assert.equal(ended.ended_at, stale.expires_at);
});

Deno.test("R24, M8: the others live on: heartbeats are answered, a second start is refused, somebody new starts", async () => {
  const live = await rowOf("asking-1");
  const beaten = await asked(live, {
    name: "heartbeat_session",
    session: "asking-1",
  }) as Active;
  assert(beaten.expires_at > live.expires_at);

  assert.equal(await codeOf(asked(live, start(randomUUID()))), "PT409");

  const [user_id] = await newUsers(superuser, 1);
  const session = randomUUID();
  const started = await asked({ user_id }, start(session)) as Active;
  assert.equal(started.session_id, session);
});

Deno.test("R24, M12: no client's call reads the table: each finds its row by the index, however many are stale", async () => {
  for (const [n, statistics] of [[2, "three days old"], [3, "fresh"]]) {
    if (statistics === "fresh") await superuser`analyze`;
    const [asking, stale] = [`asking-${n}`, `stale-${n}`];
    const calls: [session: string, call: Call][] = [
      [asking, { name: "heartbeat_session", session: asking }],
      [asking, { name: "complete_session", session: asking }],
      [asking, start(asking)],
      [stale, start(randomUUID())],
      [asking, { name: "end_session", session: asking }],
    ];
    for (const [session, call] of calls) {
      const { user_id } = await rowOf(session);
      const read = await asUser(
        superuser,
        user_id,
        (transaction) => readInFullBy(transaction, textOf(call)),
        call.name,
      );
      assert.deepEqual(read, [], `${call.name}, statistics ${statistics}`);
    }
  }
  // the witness: what does read it is seen
  const read = await superuser.begin(async (transaction) => {
    const reaping = "select from public.reap_stale_sessions(1)";
    return await readInFullBy(transaction, reaping);
  });
  assert.deepEqual(read, ["active_interview_sessions"]);
});

Deno.test("R24, R25, M13: three reapers at once and then the Edge Function catch up, batch by batch, and nothing is reaped twice", async (t) => {
  const expected = await superuser<
    { session_id: string; expires_at: string }[]
  >`
    select a.session_id, a.expires_at::text
    from public.active_interview_sessions a
    where a.expires_at <= now()`;
  assert(expected.length > count - 100);

  // by hand, from three windows, for the greater part of it
  const takenBy = await Promise.all([1, 2, 3].map(async () => {
    const reaper = connectTo(database.url());
    const taken: string[] = [];
    try {
      for (let batches = 0; batches < 20; batches++) {
        const batch = await reaper<{ session_id: string }[]>`
          select r.session_id from public.reap_stale_sessions() r`;
        assert(batch.length <= 1000, `a batch of ${batch.length}`);
        taken.push(...batch.map(({ session_id }) => session_id));
      }
    } finally {
      await reaper.end();
    }
    return taken;
  }));
  for (const taken of takenBy) assert(taken.length > 10_000, `${taken.length}`);
  const taken = new Set(takenBy.flat());
  assert.equal(taken.size, takenBy.flat().length, "two took the same");
  assert.equal((await healthOf(superuser)).status, "critical");

  const project = await startProjectOn((role) => database.url(role));
  try {
    let [left, run] = [expected.length - taken.size, await runOf(project)];
    // a slow machine needs more than one run: each ends when its time is used up
    for (; !run.drained; run = await runOf(project)) {
      assert.equal(run.reaped, run.batches * 1000);
      left -= run.reaped;
    }
    assert.equal(run.reaped, left);
    assert.equal(run.batches, Math.floor(run.reaped / 1000) + 1);
    assert.equal(run.health.status, "ok");
  } finally {
    await project.stop();
  }

  const health = await healthOf(superuser);
  assert.deepEqual([health.status, health.stale], ["ok", 0]);
  const ended = await superuser<{ session_id: string; ended_at: string }[]>`
    select h.session_id, h.ended_at::text
    from public.interview_session_history h`;
  const endOf = new Map(ended.map((row) => [row.session_id, row.ended_at]));
  for (const { session_id, expires_at } of expected) {
    if (endOf.get(session_id) === expires_at) continue;
    assert.equal(endOf.get(session_id), expires_at, session_id);
  }
  assert.deepEqual(await countOf(superuser, "live-"), {
    rows: count - asking,
    history: 0,
  });
  const overlaps = await superuser`select from sessions.overlapping_sessions()`;
  assert.equal(overlaps.length, 0);
  report({
    test: t.name,
    produced:
      "no reaper for three days: 100 000 stale sessions among 100 000 " +
      "live ones; then three reapers by hand and the Edge Function",
    times: 1,
    lost:
      "nothing: starts, heartbeats and refusals are answered as ever, and " +
      "each session ended when its lease did",
  });
});

/** What a run of the Edge Function came to. */
async function runOf(project: Project) {
  const response = await project.invoke();
  return await response.json() as {
    drained: boolean;
    reaped: number;
    batches: number;
    health: { status: string };
  };
}

function start(session: string): Call {
  return { name: "start_session", session, takeover: false };
}

async function asked({ user_id }: { user_id: string }, what: Call) {
  return await call(client, user_id, what);
}

async function rowOf(session: string): Promise<Active> {
  const [{ row }] = await superuser<{ row: Active }[]>`
    select to_jsonb(a) as row
    from public.active_interview_sessions a
    where a.session_id = ${session}`;
  return row;
}

async function healthOf(sql: postgres.Sql) {
  const [{ health }] = await sql<{
    health: { status: string; reason: string; live: number; stale: number };
  }[]>`select to_jsonb(h) as health from public.session_health() h`;
  return health;
}

/** Of the tables with many rows, those that the statement reads in full. */
async function readInFullBy(
  transaction: postgres.TransactionSql,
  statement: string,
): Promise<string[]> {
  // not only of this transaction: also what this backend has yet to report
  const scans = async () =>
    await transaction<{ name: string; scans: number }[]>`
      select s.relname as name, s.seq_scan::integer as scans
      from pg_stat_xact_all_tables s
      where s.relname in (
        'active_interview_sessions', 'interview_session_history', 'users'
      )
      order by s.relname`;
  const before = await scans();
  await transaction.unsafe(statement);
  const after = await scans();
  return after
    .filter(({ scans }, i) => scans > before[i].scans)
    .map(({ name }) => name);
}
