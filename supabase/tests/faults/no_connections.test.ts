// Every connection that the server allows is taken by somebody else. Who asks
// for one is told so, and once there are some again everything goes on.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createClient } from "@supabase/supabase-js";
import type postgres from "postgres";
import { localKeys } from "../../../scripts/stack/keys.ts";
import { ceilingMs } from "../waiting.ts";
import { startProjectOn } from "./project.ts";
import { countOf, seed } from "./rows.ts";
import {
  call,
  codeOf,
  connected,
  connectTo,
  newUsers,
  type OwnServer,
  ownServer,
  report,
  withFolder,
} from "./support.ts";

Deno.test("M13: a server out of connections says so, with 53300 and 503, to clients and to the Edge Function; and the next call works", async (t) => {
  await withFolder(async (folder) => {
    const server = await ownServer(folder, { durable: false });
    const project = await startProjectOn(server.url);
    // there are three connections for superusers alone
    const superuser = connectTo(server.url("supabase_admin"));
    const client = createClient(project.api.url, localKeys.publishable, {
      auth: { persistSession: false, autoRefreshToken: false },
    });
    const session = randomUUID();
    const start = () =>
      client.rpc("start_session", { session_id: session }).single<
        { session_id: string }
      >();
    let others: postgres.Sql[] = [];
    try {
      const { error: noSignUp } = await client.auth.signUp({
        email: "somebody@example.com",
        password: "correct horse battery staple",
      });
      assert.equal(noSignUp, null);
      const [user] = await newUsers(superuser, 1);
      await seed(superuser, {
        prefix: "stale-",
        count: 10,
        began: "8 minutes",
        heard: "7 minutes",
      });
      assert.equal((await (await project.invoke()).json()).reaped, 10);
      await seed(superuser, {
        prefix: "again-",
        count: 10,
        began: "8 minutes",
        heard: "7 minutes",
      });

      others = await takeAllConnections(server, superuser);

      const direct = connected(server.url(), (sql) =>
        call(sql, user, {
          name: "start_session",
          session: randomUUID(),
          takeover: false,
        }));
      assert.equal(await codeOf(direct), "53300");
      const refused = await start();
      assert.deepEqual([refused.status, refused.error?.code], [503, "53300"]);
      assert.match(refused.error!.message, /too many clients|connection slots/);
      const run = await project.invoke();
      const { code, hint } = await run.json();
      assert.deepEqual([run.status, code], [503, "53300"]);
      assert.match(hint, /The next call may succeed/);
      const untouched = await countOf(superuser, "again-");
      assert.deepEqual(untouched, { rows: 10, history: 0 });

      await endAll(others);

      assert.equal((await start()).data?.session_id, session);
      assert.equal((await (await project.invoke()).json()).reaped, 10);
    } finally {
      await endAll(others);
      await superuser.end();
      await project.stop();
      await server.stop();
    }
  });
  report({
    test: t.name,
    produced: "all of `max_connections` taken, those of the API with them",
    times: 1,
    lost: "nothing: the calls were refused, and were made again",
  });
});

/** Also those that the API keeps open. */
async function takeAllConnections(
  server: OwnServer,
  superuser: postgres.Sql,
): Promise<postgres.Sql[]> {
  await superuser`
    select pg_terminate_backend(pid, ${ceilingMs})
    from pg_stat_activity
    where usename in ('authenticator', 'supabase_auth_admin')`;
  const taken: postgres.Sql[] = [];
  for (;;) {
    const sql = connectTo(server.url("postgres"));
    const code = await codeOf(sql`select`);
    if (code === "no error") {
      taken.push(sql);
      continue;
    }
    await sql.end({ timeout: 0 });
    assert.equal(code, "53300");
    return taken;
  }
}

async function endAll(connections: postgres.Sql[]) {
  await Promise.all(connections.splice(0).map((sql) => sql.end()));
}
