// The reaper is killed in the middle of a batch, and the Edge Function in the
// middle of a run: nothing is half done, no lock stays behind, and the next run
// goes on where this one was.
import assert from "node:assert/strict";
import type postgres from "postgres";
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { liftTimeouts } from "../timeouts.ts";
import { awaited } from "../waiting.ts";
import { type Project, startProjectOn } from "./project.ts";
import { clear, countOf, seed } from "./rows.ts";
import {
  codeOf,
  connected,
  connectTo,
  damages,
  killed,
  ownServer,
  report,
  times,
  until,
  withFolder,
} from "./support.ts";

const stale = 1500;
const live = 100;

Deno.test("R25, M13: a reaper killed in mid-batch leaves no lock and nothing half done, and the next goes on", async (t) => {
  await withFolder(async (folder) => {
    const server = await ownServer(folder);
    const url = server.url("supabase_admin");
    try {
      await connected(url, liftTimeouts);
      for (let round = 0; round < times; round++) {
        // an administrator's order, or the kernel's
        const order = round % 2 === 0 ? "terminated" : "killed";
        const checkpointer = await connected(url, async (sql) => {
          await clear(sql);
          await seedBoth(sql, `round-${round}-`);
          const checkpointer = await checkpointerOf(sql);
          await killReaperInMidBatch(url, sql, order);
          return checkpointer;
        });
        if (order === "killed") {
          await until("Postgres has restarted all its processes", async () => {
            const now = await connected(url, checkpointerOf).catch(() => null);
            return now !== null && now !== checkpointer;
          });
        }
        await connected(url, async (sql) => {
          const before = await countOf(sql, `round-${round}-stale-`);
          assert.deepEqual(before, { rows: stale, history: 0 });
          await until("no lock is left", async () => {
            return (await locksOn(sql)).length === 0;
          });

          assert.deepEqual(await reapAll(sql), [1000, 500, 0]);

          const after = await countOf(sql, `round-${round}-stale-`);
          assert.deepEqual(after, { rows: 0, history: stale });
          const others = await countOf(sql, `round-${round}-live-`);
          assert.deepEqual(others, { rows: live, history: 0 });
        });
      }
      await connected(url, async (sql) => {
        assert.deepEqual(await damages(sql), []);
      });
    } finally {
      await server.stop();
    }
  });
  report({
    test: t.name,
    produced: "a batch of 1000 stopped while it writes the history, then its " +
      "backend ended, by turns with `pg_terminate_backend()` and `kill -9`",
    times,
    lost: "nothing: the batch is undone as a whole, and the next run does it",
  });
});

Deno.test("R25, M13: an Edge Function killed in mid-run has done whole batches, and the next run does the rest", async (t) => {
  const count = 4500;
  await withCopyOf("migrated", async (database) => {
    const sql = connectTo(database.url("supabase_admin"), 2);
    const inTheMiddle = Promise.withResolvers<void>();
    const killed = Promise.withResolvers<Response>();
    let calls = 0;
    const project = await startProjectOn((role) => database.url(role), {
      // the second batch is asked for, and its answer does not come
      async between(pass) {
        if (++calls === 1) return await pass();
        inTheMiddle.resolve();
        await pass();
        return await killed.promise;
      },
    });
    let broken: Promise<Response> | undefined;
    let next: Project | undefined;
    try {
      await seed(sql, staleRows("edge-stale-", count));
      broken = project.invoke();
      await awaited("the second batch is asked for", inTheMiddle.promise);
    } finally {
      // ends the process with SIGKILL; the API finishes what it was asked
      const stopped = project.stop();
      killed.resolve(new Response());
      await stopped;
    }
    try {
      assert.equal((await broken).status, 503);
      await until("the database has finished, too", async () => {
        return (await sql`
          select from pg_stat_activity
          where datname = current_database()
            and usename = 'authenticator'`).length === 0;
      });
      const between = await countOf(sql, "edge-stale-");
      assert(
        [1000, 2000].includes(between.history),
        `${between.history}: no whole batches`,
      );
      assert.equal(between.rows + between.history, count);

      next = await startProjectOn((role) => database.url(role));
      const run = await (await next.invoke()).json();
      assert.deepEqual([run.drained, run.reaped], [true, between.rows]);
      assert.equal(run.health.status, "ok");
      const after = await countOf(sql, "edge-stale-");
      assert.deepEqual(after, { rows: 0, history: count });
      const [{ reaped }] = await sql<{ reaped: number }[]>`
        select sum(r.reaped)::integer as reaped from sessions.reaper_runs r`;
      assert.equal(reaped, count, "something was reaped twice");
    } finally {
      await next?.stop();
      await sql.end();
    }
  });
  report({
    test: t.name,
    produced: "`kill -9` of the function's process after its first batch of 5",
    times: 1,
    lost: "the answer to that one call: the schedule sees a 503",
  });
});

/** Postgres replaces it, as it does all others, after one of them is killed. */
async function checkpointerOf(sql: postgres.Sql): Promise<number | null> {
  const [found] = await sql<{ pid: number }[]>`
    select pid from pg_stat_activity where backend_type = 'checkpointer'`;
  return found?.pid ?? null;
}

async function seedBoth(sql: postgres.Sql, prefix: string) {
  await seed(sql, staleRows(`${prefix}stale-`, stale));
  await seed(sql, {
    prefix: `${prefix}live-`,
    count: live,
    began: "2 minutes",
    heard: "1 minute",
  });
}

function staleRows(prefix: string, count: number) {
  return { prefix, count, began: "8 minutes", heard: "7 minutes" };
}

/** Holds back a row of the history that it must write, and strikes there. */
async function killReaperInMidBatch(
  url: string,
  sql: postgres.Sql,
  order: "terminated" | "killed",
) {
  const reaper = connectTo(url);
  const holder = connectTo(url);
  try {
    await holder`begin`;
    await holder`
      insert into public.interview_session_history (
        user_id, session_id, fence, started_at, last_seen_at, ended_at,
        end_reason, status
      )
      select
        user_id, session_id, fence, created_at, updated_at, expires_at,
        'expired', status
      from public.active_interview_sessions
      where expires_at <= now()
      limit 500`;
    const reaping = codeOf(
      reaper`select count(*) from public.reap_stale_sessions()`,
    );
    let pid = 0;
    await until("the reaper waits in mid-batch", async () => {
      const [waiting] = await sql<{ pid: number }[]>`
        select pid
        from pg_stat_activity
        where query like '%reap_stale_sessions%' and wait_event_type = 'Lock'`;
      pid = waiting?.pid ?? 0;
      return pid > 0;
    });
    if (order === "killed") killed(pid);
    else await sql`select pg_terminate_backend(${pid})`;
    assert.match(await reaping, /^57P0|^CONNECTION_/);
  } finally {
    await Promise.all([reaper, holder].map((one) => one.end({ timeout: 0 })));
  }
}

/** What others hold of the two tables, and of any row. */
async function locksOn(sql: postgres.Sql): Promise<unknown[]> {
  return [
    ...await sql`
      select l.pid, l.mode, l.relation::regclass::text as relation
      from pg_locks l
      where l.pid <> pg_backend_pid()
        and (
          l.locktype in ('transactionid', 'tuple', 'advisory')
          or l.relation in (
            'public.active_interview_sessions'::regclass,
            'public.interview_session_history'::regclass
          )
        )`,
  ];
}

/** Batch after batch, until one finds nothing. */
async function reapAll(sql: postgres.Sql): Promise<number[]> {
  const batches: number[] = [];
  do {
    const [{ reaped }] = await sql<{ reaped: number }[]>`
      select count(*)::integer as reaped from public.reap_stale_sessions(1000)`;
    batches.push(reaped);
  } while (batches.at(-1) !== 0);
  return batches;
}
