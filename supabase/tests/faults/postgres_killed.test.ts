// Postgres is killed in the middle of a load, again and again: what was
// acknowledged is there afterwards, but for heartbeats.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type postgres from "postgres";
import { crashAgainAndAgain, heartbeatsOnly, underLoad } from "./crashes.ts";
import {
  type Active,
  call,
  connected,
  newUsers,
  ownServer,
  report,
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
  await withFolder(async (folder) => {
    const server = await ownServer(folder);
    try {
      const user = await connected(
        server.url("supabase_admin"),
        async (sql) => {
          const [user] = await newUsers(sql, 1);
          await stopThoseWhoWriteTheLog(sql);
          return user;
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

/** From then on only a commit that waits for the disk writes the log. */
async function stopThoseWhoWriteTheLog(sql: postgres.Sql) {
  const processes = await sql<{ pid: number }[]>`
    select pid
    from pg_stat_activity
    where backend_type in ('walwriter', 'background writer', 'checkpointer')`;
  assert.equal(processes.length, 3);
  for (const { pid } of processes) Deno.kill(pid, "SIGSTOP");
}
