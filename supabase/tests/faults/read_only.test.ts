// The database is read-only, as the platform makes it when its disk is nearly full.
// Each call fails once and says why; afterwards everything goes on.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type postgres from "postgres";
import { startProjectOn } from "./project.ts";
import { countOf, seed } from "./rows.ts";
import {
  type Active,
  call,
  codeOf,
  connected,
  newUsers,
  type OwnServer,
  ownServer,
  report,
  withFolder,
} from "./support.ts";

const stale = 3000;

Deno.test("M13, B2: a read-only database refuses each call with 25006 and one line in its log, and health is critical; afterwards nothing is missing", async (t) => {
  await withFolder(async (folder) => {
    const server = await ownServer(folder, { durable: false });
    const project = await startProjectOn(server.url);
    const log = logOf(folder);
    try {
      const [user, other] = await asSuperuser(server, async (sql) => {
        const times = { began: "8 minutes", heard: "7 minutes" };
        await seed(sql, { prefix: "stale-", count: stale, ...times });
        return await newUsers(sql, 2);
      });
      const session = randomUUID();
      const start = {
        name: "start_session",
        session,
        takeover: false,
      } as const;
      const granted = await connected(
        server.url(),
        (sql) => call(sql, user, start),
      ) as Active;

      await makeReadOnly(server, true);

      for (
        const [who, what] of [
          [other, { ...start, session: randomUUID() }],
          [user, { ...start, session: randomUUID(), takeover: true }],
          [user, { name: "heartbeat_session", session }],
          [user, { name: "complete_session", session }],
          [user, { name: "end_session", session }],
        ] as const
      ) {
        const lines = await log.during(async () => {
          const refused = connected(
            server.url(),
            (sql) => call(sql, who, what),
          );
          assert.equal(await codeOf(refused), "25006", what.name);
        });
        assert.equal(lines.length, 1, lines.join("\n"));
        assert.match(lines[0], /ERROR:.*read-only transaction/);
      }

      // the schedule: a call of the reaper and one for deliveries, not one for each session
      const lines = await log.during(async () => {
        const run = await project.invoke();
        const { code, reaped } = await run.json();
        assert.deepEqual([run.status, code, reaped], [500, "25006", 0]);
      });
      assert.deepEqual(
        lines.filter((line) => !/ERROR:.*read-only transaction/.test(line)),
        [],
      );
      assert.equal(lines.length, 2, lines.join("\n"));
      const health = await healthOf(server);
      assert.equal(health.status, "critical");
      assert.match(health.reason, /read-only/);

      await makeReadOnly(server, false);

      const next = await connected(
        server.url(),
        (sql) => call(sql, user, { name: "heartbeat_session", session }),
      ) as Active;
      assert.equal(next.fence, granted.fence);
      const { reaped } = await (await project.invoke()).json();
      assert.equal(reaped, stale);
      const after = await asSuperuser(server, (sql) => countOf(sql, "stale-"));
      assert.deepEqual(after, { rows: 0, history: stale });
    } finally {
      await project.stop();
      await server.stop();
    }
  });
  report({
    test: t.name,
    produced: `\`default_transaction_read_only\` switched on, ${stale} stale ` +
      "sessions; each lifecycle call, and a run of the schedule",
    times: 1,
    lost: "nothing: the calls were refused, and were made again",
  });
});

/** Connections made from now on, and those of the API, begin so. */
async function makeReadOnly(server: OwnServer, isReadOnly: boolean) {
  await asSuperuser(server, async (sql) => {
    await sql`set default_transaction_read_only = off`;
    await sql.unsafe(
      `alter database postgres set default_transaction_read_only = ${isReadOnly}`,
    );
    await sql`
      select pg_terminate_backend(pid, 10000)
      from pg_stat_activity
      where usename = 'authenticator' and pid <> pg_backend_pid()`;
  });
}

async function asSuperuser<T>(
  server: OwnServer,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  return await connected(server.url("supabase_admin"), work);
}

async function healthOf(server: OwnServer) {
  return await asSuperuser(server, async (sql) => {
    const [health] = await sql<{ status: string; reason: string }[]>`
      select status, reason from public.session_health()`;
    return health;
  });
}

/** Errors and warnings in the log of the server, without their context. */
function logOf(folder: string) {
  const lines = async () =>
    (await Deno.readTextFile(`${folder}/postgres.log`)).split("\n")
      .filter((line) => /\b(WARNING|ERROR|FATAL|PANIC):/.test(line));
  return {
    async during(work: () => Promise<void>): Promise<string[]> {
      const before = await lines();
      await work();
      return (await lines()).slice(before.length);
    },
  };
}
