// Postgres is killed in the middle of a load, again and again: what was
// acknowledged is there afterwards, but for heartbeats, and nobody has to help.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type postgres from "postgres";
import { ask, type Ledger, losses, newLedger, startLoad } from "./load.ts";
import {
  type Active,
  call,
  connected,
  connectTo,
  damages,
  killed,
  newUsers,
  type OwnServer,
  ownServer,
  report,
  tablesOf,
  times,
  until,
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

Deno.test("M13, B6: a backend killed under load brings Postgres down, which comes back by itself and has lost no more", async (t) => {
  const { heartbeats, ledger } = await crashAgainAndAgain(async (server) => {
    await connected(server.url("supabase_admin"), async (sql) => {
      const [{ pid, began }] = await sql<{ pid: number; began: Date }[]>`
        select pid, pg_postmaster_start_time() as began
        from pg_stat_activity
        where usename = 'authenticator'
        order by state = 'active' desc
        limit 1`;
      killed(pid);
      assert(began);
    });
    // every connection goes with it; a new one waits until it is back
    await until("it takes connections again", () => isBack(server));
  });
  report({
    test: t.name,
    produced: "`kill -9` of one backend, as the kernel does when memory runs " +
      `out, ${underLoad(ledger)}`,
    times,
    lost: heartbeatsOnly(heartbeats),
  });
});

Deno.test("M13, M9: a heartbeat that a crash loses costs nothing: the session lives, and the next one counts", async (t) => {
  await withFolder(async (folder) => {
    const server = await ownServer(folder);
    try {
      const user = await connected(
        server.url("supabase_admin"),
        async (sql) => {
          // nothing but a commit that waits for the disk writes the log now
          await sql`alter system set wal_writer_delay = '10s'`;
          await sql`select pg_reload_conf()`;
          return (await newUsers(sql, 1))[0];
        },
      );
      const session = randomUUID();
      const beat = { name: "heartbeat_session", session } as const;
      const started = await connected(
        server.url(),
        (sql) =>
          call(sql, user, { name: "start_session", session, takeover: false }),
      ) as Active;
      const beaten = await connected(
        server.url(),
        (sql) => call(sql, user, beat),
      ) as Active;
      assert(beaten.expires_at > started.expires_at);

      await server.kill();
      await server.start();

      await connected(server.url("supabase_admin"), async (sql) => {
        const { active } = await tablesOf(sql);
        assert.deepEqual(active.get(session), started, "it was not lost");
      });
      const next = await connected(
        server.url(),
        (sql) => call(sql, user, beat),
      ) as Active;
      assert.equal(next.fence, started.fence);
      assert(next.expires_at > beaten.expires_at);
    } finally {
      await server.stop();
    }
  });
  report({
    test: t.name,
    produced: "`kill -9` of all of Postgres right after a heartbeat's answer",
    times: 1,
    lost: "that heartbeat: it does not wait for the disk, since a lease of 5 " +
      "minutes has nine more",
  });
});

/** Load, crash, recovery, account; on one server, so that faults add up. */
async function crashAgainAndAgain(
  crash: (server: OwnServer) => Promise<void>,
): Promise<{ heartbeats: number; ledger: Ledger }> {
  const ledger = newLedger();
  let heartbeats = 0;
  await withFolder(async (folder) => {
    const server = await ownServer(folder);
    try {
      const users = await connected(
        server.url("supabase_admin"),
        (sql) => newUsers(sql, 8),
      );
      for (let crashes = 0; crashes < times; crashes++) {
        const load = startLoad(server.url(), users, ledger);
        await load.untilAnswered(5);
        await crash(server);
        await load.ended;
        assert(ledger.unanswered.length > 0, "no call was under way");

        await connected(server.url("supabase_admin"), async (sql) => {
          heartbeats += await assertNothingLost(sql, ledger);
        });
        await retryUnanswered(server, ledger);
      }
      await connected(server.url("supabase_admin"), async (sql) => {
        await assertNothingLost(sql, ledger);
        assert.deepEqual(await damages(sql), []);
      });
    } finally {
      await server.stop();
    }
  });
  return { heartbeats, ledger };
}

/** How many heartbeats are not there; anything else fails. */
async function assertNothingLost(
  superuser: postgres.Sql,
  ledger: Ledger,
): Promise<number> {
  const tables = await tablesOf(superuser);
  const { lost, heartbeats } = losses(ledger, tables);
  assert.deepEqual(lost, []);
  assert.deepEqual(await damages(superuser), []);

  const acknowledged = [...ledger.grants.values()].map(({ fence }) => fence);
  assert.equal(new Set(acknowledged).size, acknowledged.length);
  const [{ next }] = await superuser<{ next: string }[]>`
    select nextval('sessions.fence') as next`;
  assert(Number(next) > Math.max(...acknowledged), "a fence came again (B4)");

  // of a lost heartbeat the clients now know
  for (const { session_id, updated_at } of tables.active.values()) {
    if (ledger.lastSeen.has(session_id)) {
      ledger.lastSeen.set(session_id, updated_at);
    }
  }
  return heartbeats;
}

/** Their clients send them again, and go by the answer. */
async function retryUnanswered(server: OwnServer, ledger: Ledger) {
  const retries = ledger.unanswered.splice(0);
  const sql = connectTo(server.url());
  try {
    for (const asked of retries) await ask(sql, asked, ledger);
  } finally {
    await sql.end();
  }
}

async function isBack(server: OwnServer): Promise<boolean> {
  try {
    return await connected(
      server.url("supabase_admin"),
      async (sql) => (await sql`select`).length === 1,
    );
  } catch {
    return false;
  }
}

function underLoad({ answers }: Ledger): string {
  const calls = Object.entries(answers)
    .filter(([name]) => name !== "takeover")
    .reduce((sum, [, count]) => sum + count, 0);
  return `12 connections starting, beating, completing, ending and taking over for 8 users (${calls} calls answered in all)`;
}

function heartbeatsOnly(heartbeats: number): string {
  return heartbeats === 0
    ? "nothing"
    : `the last heartbeat of ${heartbeats} sessions, which the next one makes up for`;
}
