// A restore from a backup, as docs/operating.md describes it: pg_dump of the data alone into
// a database to which the migrations have just been applied.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasPostgres } from "../../../scripts/stack/postgres.ts";
import { runCommand } from "../../../scripts/test/command.ts";
import {
  type Database,
  type Databases,
  databasesIn,
  migrated,
  type Template,
} from "../../../scripts/test/databases.ts";
import { plainly } from "../../../scripts/test/databases_fixture.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";
import { majors } from "../../../scripts/test/suites.ts";

const recipe = recipesOf("docs/operating.md");

/** pg_dump reads no server that is newer than itself: so a server of its version. */
const major = majorOf("pg_dump");
const why = major === undefined
  ? "no pg_dump here"
  : majorOf("psql") === undefined
  ? "no psql here"
  : !majors.some((known) => known === major && hasPostgres(known))
  ? `npm has no Postgres ${major} for pg_dump ${major}`
  : undefined;
const skipped = why ? ` (skipped: ${why})` : "";

const template = { ...migrated, major } as Template;
let folder: string;
let databases: Databases;

if (!why) {
  Deno.test.beforeAll(async () => {
    folder = fs.mkdtempSync(join(tmpdir(), "restore-"));
    databases = databasesIn(folder);
    await databases.prepare([template]);
  });
  Deno.test.afterAll(async () => {
    await databases.stop();
    fs.rmSync(folder, { recursive: true });
  });
}

const ada = "aaaaaaaa-0000-4000-8000-000000000001";
const ben = "bbbbbbbb-0000-4000-8000-000000000002";

/** A project that has been used: with settings of its own, and a note. */
const used = `
  insert into auth.users (id) values ('${ada}'), ('${ben}');
  update sessions.settings
  set lease = '7 minutes', takeover = 'refused' where is_the_row;
  set request.jwt.claims to '{"sub": "${ada}", "role": "authenticated"}';
  set role authenticated;
  select from public.start_session('ended', false, 'Chrome', 'attempt-1');
  select from public.end_session('ended');
  select from public.start_session('live', false, 'Chrome', 'attempt-1');
  set request.jwt.claims to '{"sub": "${ben}", "role": "authenticated"}';
  select from public.start_session('revoked');
  select from public.end_session('never started');
  reset role;
  reset request.jwt.claims;
  select from public.extend_interview('${ada}', 'attempt-1', '1 hour', 'fire alarm');
  select from public.revoke_session('${ben}', 'asked by the user');
  select from public.reap_stale_sessions();`;

/** Our tables, and what their order is by. */
const tables: Record<string, string> = {
  "public.active_interview_sessions": "user_id",
  "public.interview_session_history": "user_id, session_id",
  "public.interviews": "user_id, interview_id",
  "sessions.settings": "is_the_row",
  "sessions.early_ends": "user_id, session_id",
  "sessions.revocations": "user_id, session_id",
  "sessions.extensions": "id",
  "sessions.reap_failures": "fence",
  "sessions.reaper_runs": "ran_at, id",
};

async function contentsOf(
  database: Database,
  schemas: string[],
): Promise<unknown> {
  return await database.connected(async (sql) => {
    const contents: Record<string, unknown> = {};
    for (const [table, order] of Object.entries(tables)) {
      if (!schemas.includes(table.split(".")[0])) continue;
      contents[table] = await plainly(
        sql.unsafe(`select t::text from ${table} t order by ${order}`),
      );
    }
    return contents;
  });
}

/** Runs `work` with a used project, and one that its data was restored into. */
async function withRestored(
  schemas: string[],
  work: (restored: Database, source: Database) => Promise<void>,
) {
  await databases.withCopy(template, async (source) => {
    await source.connected((sql) => sql.unsafe(used).simple());
    const file = join(folder, `${source.name}.sql`);
    await run("pg_dump", [
      ...["--data-only", "--dbname", source.url("supabase_admin")],
      ...schemas.map((schema) => `--schema=${schema}`),
      ...["--file", file],
    ]);
    await databases.withCopy(template, async (restored) => {
      await run("psql", [
        ...["--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--single-transaction"],
        ...["--command", "set session_replication_role = replica"],
        ...["--file", file, "--dbname", restored.url("supabase_admin")],
      ]);
      await work(restored, source);
    });
  });
}

async function run(command: string, args: string[]) {
  const { code, said } = await runCommand(command, args, {
    signal: new AbortController().signal,
  });
  assert.equal(code, 0, said);
}

const healthOf = async (database: Database) => {
  const [{ status, reason }] = await database.connected((sql) =>
    sql`select status, reason from public.session_health()`
  );
  return { status, reason };
};

const highestFence = async (database: Database) => {
  const [{ fence }] = await database.connected((sql) =>
    sql`
      select greatest(
        (select max(fence) from public.active_interview_sessions),
        (select max(ended_fence) from public.interview_session_history)
      ) as fence`
  );
  return Number(fence);
};

/** The fence of a new session of Ben's. */
async function nextFence(database: Database): Promise<number> {
  const [{ fence }] = await database.connected(async (sql) => {
    await sql`
      select set_config(
        'request.jwt.claims', ${JSON.stringify({ sub: ben })}, false
      )`;
    await sql`set role authenticated`;
    return await sql`select fence from public.start_session('next')`;
  });
  return Number(fence);
}

Deno.test({
  name: `B4 M10 a restore of public, auth and sessions keeps everything, the ` +
    `settings and the fences included${skipped}`,
  ignore: why !== undefined,
  fn: () =>
    withRestored(["public", "auth", "sessions"], async (restored, source) => {
      const schemas = ["public", "sessions"];
      assert.deepEqual(
        await contentsOf(restored, schemas),
        await contentsOf(source, schemas),
      );
      const [{ lease, takeover }] = await restored.connected((sql) =>
        sql`select lease::text, takeover from sessions.settings`
      );
      assert.deepEqual([lease, takeover], ["00:07:00", "refused"]);
      assert.equal((await healthOf(restored)).status, "ok");
      const highest = await highestFence(restored);

      assert(await nextFence(restored) > highest);
      const { count } = await restored.connected((sql) =>
        sql`select * from public.extend_interview(${ada}, 'attempt-1', '1 s')`
      );
      assert.equal(count, 1, "the log of extensions goes on");
    }),
});

Deno.test({
  name: `B4 a restore of public and auth alone: the health is critical until ` +
    `the fence is lifted${skipped}`,
  ignore: why !== undefined,
  fn: () =>
    withRestored(["public", "auth"], async (restored, source) => {
      assert.deepEqual(
        await contentsOf(restored, ["public"]),
        await contentsOf(source, ["public"]),
      );
      const highest = await highestFence(restored);
      const before = await healthOf(restored);
      assert.equal(before.status, "critical");
      assert.match(before.reason, /fences must only grow/);
      assert(before.reason.endsWith(recipe("restore.sql").trim()));

      await restored.connected((sql) => sql.unsafe(recipe("restore.sql")));

      const after = await healthOf(restored);
      assert.deepEqual(after, {
        status: "warning",
        reason: "The reaper has never run. Set up the schedule that calls it.",
      });
      assert(await nextFence(restored) > highest);
    }),
});

Deno.test({
  name:
    `B4 the witness: without lifting it, a fence is granted again${skipped}`,
  ignore: why !== undefined,
  fn: () =>
    withRestored(["public", "auth"], async (restored) => {
      assert(await nextFence(restored) <= await highestFence(restored));
    }),
});

function majorOf(command: string): number | undefined {
  const { stdout } = spawnSync(command, ["--version"], { encoding: "utf8" });
  const version = /(\d+)[.\d]*/.exec(stdout ?? "")?.[1];
  return version === undefined ? undefined : Number(version);
}
