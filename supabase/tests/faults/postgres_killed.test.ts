// Postgres is killed during a load, again and again: afterwards everything that was
// acknowledged is there, except heartbeats. A heartbeat and a run of the reaper, as a
// whole request, do not wait for the disk; any other transaction does.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { crashAgainAndAgain, heartbeatsOnly, underLoad } from "./crashes.ts";
import { countOf, seed } from "./rows.ts";
import {
  type Active,
  asUser,
  type Call,
  call,
  connected,
  connectTo,
  type Ended,
  newUsers,
  type OwnServer,
  ownServer,
  report,
  stopWritersOfTheLog,
  tablesOf,
  times,
  withFolder,
} from "./support.ts";

Deno.test("M13, B6: Postgres killed under load loses nothing it acknowledged, but for heartbeats", async (t) => {
  const { heartbeats, ledger } = await crashAgainAndAgain(async (server) => {
    await server.kill();
    await server.start();
  });
  report({
    test: t.name,
    produced: "`kill -9` of the postmaster and all of its backends, " +
      underLoad(ledger),
    times,
    lost: heartbeatsOnly(heartbeats),
  });
});

Deno.test("M13, M9: a heartbeat that a crash loses costs nothing: the session lives, and the next one counts", async (t) => {
  await withIdleServer(async ({ server, user, session, started }) => {
    const beat = { name: "heartbeat_session", session } as const;
    const renewed = await asked(server, user, beat);
    assert(renewed.expires_at > started.expires_at);

    await crash(server);

    await connected(server.url("supabase_admin"), async (sql) => {
      const { active } = await tablesOf(sql);
      assert.deepEqual(active.get(session), started, "it was not lost");
    });
    const next = await asked(server, user, beat);
    assert.equal(next.fence, started.fence);
    assert(next.expires_at > renewed.expires_at);
  });
  report({
    test: t.name,
    produced: "`kill -9` of all of Postgres right after a heartbeat's answer",
    times: 1,
    lost: "that heartbeat: it does not wait for the disk, since a lease of 5 " +
      "minutes has nine more",
  });
});

Deno.test("M13: a transaction of the app that contains a heartbeat loses nothing once it is acknowledged", async (t) => {
  await withIdleServer(async ({ server, user, session, started }) => {
    const client = connectTo(server.url());
    const saved = await asUser(client, user, async (transaction) => {
      const [{ renewed }] = await transaction<{ renewed: Active }[]>`
        select to_jsonb(s) as renewed from public.heartbeat_session(${session}) s`;
      await transaction`insert into public.answers values (${session}, 'Yes.')`;
      return renewed;
    }, "save_answer");
    await client.end({ timeout: 0 });
    assert(saved.expires_at > started.expires_at);

    await crash(server);

    await connected(server.url("supabase_admin"), async (sql) => {
      const answers = await sql`select * from public.answers`;
      assert.deepEqual([...answers], [{ session_id: session, answer: "Yes." }]);
      const { active } = await tablesOf(sql);
      assert.deepEqual(active.get(session), saved);
    });
  });
  report({
    test: t.name,
    produced: "`kill -9` of all of Postgres right after the COMMIT of a " +
      "heartbeat and an insert into a table of the app",
    times: 1,
    lost: "nothing",
  });
});

Deno.test("R25, M13: a run of the reaper that a crash loses is done again by the next, with the same result", async (t) => {
  await withIdleServer(async ({ server, user, session, started }) => {
    const reapAs = (path: string) =>
      connected(server.url(), async (sql) => {
        const [, rows] = await sql.unsafe(`
          select
            set_config('role', 'service_role', true),
            set_config('request.path', '${path}', true);
          select to_jsonb(r) as row from public.reap_stale_sessions() r;
        `).simple() as unknown as { row: Ended & { ended_fence: number } }[][];
        return rows.map(({ row: { ended_fence: _, ...row } }) => row);
      });
    const reaped = await reapAs("/rpc/reap_stale_sessions");
    assert.equal(reaped.length, 100);

    await crash(server);

    const stale = await connected(
      server.url("supabase_admin"),
      (sql) => countOf(sql, "stale-"),
    );
    assert.deepEqual(stale, { rows: 100, history: 0 }, "it was not lost");
    const again = await reapAs("/rpc/a_function_of_the_app");
    assert.deepEqual(byId(again), byId(reaped));

    await crash(server);

    const kept = await connected(
      server.url("supabase_admin"),
      (sql) => countOf(sql, "stale-"),
    );
    assert.deepEqual(kept, { rows: 0, history: 100 });
    const beat = { name: "heartbeat_session", session } as const;
    assert.equal((await asked(server, user, beat)).fence, started.fence);
  });
  report({
    test: t.name,
    produced: "`kill -9` of all of Postgres right after the answer to the " +
      "scheduled run, and again after a run by hand",
    times: 2,
    lost: "the scheduled run, which does not wait for the disk: the next one " +
      "ends the same sessions at the same times. The run by hand lost nothing",
  });
});

Deno.test("C3, M13: Postgres killed in mid-claim: what was claimed is due again, under the same ids, and what was confirmed is not", async (t) => {
  await withIdleServer(async ({ server }) => {
    const asService = async <T>(statement: string): Promise<T[]> =>
      await connected(server.url(), async (sql) => {
        await sql`set role service_role`;
        return [...await sql.unsafe<T[]>(statement)];
      });
    const claim = () =>
      asService<{ id: string; attempt: number }>(
        "select id, attempt from public.claim_deliveries(1000) order by id",
      );
    const asOwner = (statement: string) =>
      connected(
        server.url("supabase_admin"),
        async (sql) => [...await sql.unsafe<{ id: string }[]>(statement)],
      );
    await asOwner(`
      insert into sessions.endpoints (name, url) values ('meter', 'https://meter.example.com/')`);
    assert.equal(
      (await asService("select from public.reap_stale_sessions()")).length,
      100,
    );
    const ids =
      (await asOwner("select id from sessions.deliveries order by id"))
        .map(({ id }) => id);
    assert.equal(ids.length, 100);

    // in the middle of a claim
    const killed = connectTo(server.url());
    await killed`begin`;
    await killed`set local role service_role`;
    await killed`select from public.claim_deliveries()`;
    await crash(server);
    await killed.end({ timeout: 0 });
    const first = await claim();
    assert.deepEqual(first, ids.map((id) => ({ id, attempt: 1 })));

    // after a claim, before its results
    await crash(server);
    assert.deepEqual(await claim(), [], "they may be under way");
    await asOwner("update sessions.deliveries set due_at = now()");
    const second = await claim();
    assert.deepEqual(second, ids.map((id) => ({ id, attempt: 2 })));

    // after their results
    const results = second.map((one) => ({ ...one, outcome: "delivered" }));
    await asService(
      `select public.settle_deliveries('${JSON.stringify(results)}')`,
    );
    await crash(server);
    assert.deepEqual(await asOwner("select id from sessions.deliveries"), []);
  });
  report({
    test: t.name,
    produced: "`kill -9` of all of Postgres in the transaction of a claim of " +
      "100 deliveries, again after a claim, and again after its results",
    times: 3,
    lost:
      "nothing: a claim that was not committed has not been, and one whose " +
      "results did not come is made again after 2 minutes",
  });
});

interface Idle {
  server: OwnServer;
  user: string;
  session: string;
  /** The session when it was granted. */
  started: Active;
}

/** A server with a session, stale ones, and a table of an app; it writes no log. */
async function withIdleServer(work: (idle: Idle) => Promise<void>) {
  await withFolder(async (folder) => {
    const server = await ownServer(folder);
    try {
      const user = await connected(
        server.url("supabase_admin"),
        async (sql) => {
          const [user] = await newUsers(sql, 1);
          const times = { began: "8 minutes", heard: "7 minutes" };
          await seed(sql, { prefix: "stale-", count: 100, ...times });
          await sql`
          create table public.answers (session_id text, answer text)`;
          await sql`grant insert on public.answers to authenticated`;
          await stopWritersOfTheLog(sql);
          return user;
        },
      );
      const session = randomUUID();
      const start = {
        name: "start_session",
        session,
        takeover: false,
      } as const;
      const started = await asked(server, user, start);
      await work({ server, user, session, started });
    } finally {
      // it cannot shut down without those who write the log
      await server.kill();
    }
  });
}

/** Makes a call that renews or grants a session. */
async function asked(
  server: OwnServer,
  user: string,
  what: Call,
): Promise<Active> {
  return await connected(
    server.url(),
    (sql) => call(sql, user, what),
  ) as Active;
}

/** Afterwards, too, only a commit that waits for the disk writes the log. */
async function crash(server: OwnServer) {
  await server.kill();
  await server.start();
  await connected(server.url("supabase_admin"), stopWritersOfTheLog);
}

function byId(rows: Ended[]): Ended[] {
  return rows.toSorted((a, b) => a.session_id < b.session_id ? -1 : 1);
}
