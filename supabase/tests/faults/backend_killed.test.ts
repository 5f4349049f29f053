// One of Postgres' backends is killed in the middle of a load, again and again.
// Postgres cannot know what it left in their shared memory, ends all others and
// starts anew; nobody has to help.
import assert from "node:assert/strict";
import { crashAgainAndAgain, heartbeatsOnly, underLoad } from "./crashes.ts";
import {
  codeOf,
  connected,
  killed,
  type OwnServer,
  report,
  times,
  until,
} from "./support.ts";

Deno.test("M13, B6: a backend killed under load brings Postgres down, which comes back by itself and has lost no more", async (t) => {
  const { heartbeats, ledger } = await crashAgainAndAgain(async (server) => {
    await connected(server.url("supabase_admin"), async (sql) => {
      const [{ pid }] = await sql<{ pid: number }[]>`
        select pid
        from pg_stat_activity
        where usename = 'authenticator'
        order by state = 'active' desc
        limit 1`;
      killed(pid);
      // every connection goes with it, this one too
      assert.notEqual(await codeOf(sql`select pg_sleep(3600)`), "no error");
    });
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
