// The chapter "notification" where realtime.messages is not postgres's to change: it is
// applied with a warning, nobody may listen, and everything else works.
import assert from "node:assert/strict";
import postgres from "postgres";
import { installSql } from "../../../cli/migration.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { textOf } from "../../../scripts/test/files.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";
import { command } from "./support.ts";

const owner = "supabase_admin";

const realtime = textOf("supabase/tests/database/notification/realtime.psql")
  .replace(/^select sessions.*$/m, "");

const ada = "aaaaaaaa-0000-4000-8000-000000000001";
const ben = "bbbbbbbb-0000-4000-8000-000000000002";

/** Realtime as its owner sets it up, with these privileges of postgres. */
async function withRealtime(
  privileges: string,
  work: (database: Database) => Promise<void>,
) {
  await withCopyOf("bare", async (database) => {
    await database.connected(
      (sql) => sql.unsafe(`${realtime} ${privileges}`).simple(),
      owner,
    );
    await work(database);
  });
}

const mayUse = "grant select, insert on realtime.messages to postgres;";
const mayNotSend =
  "revoke execute on function realtime.send(jsonb, text, text, boolean) from public;";

/** Runs it as postgres; the warnings. */
async function warningsOf(database: Database, text: string): Promise<string[]> {
  const warnings: string[] = [];
  const sql = postgres(database.url(), {
    max: 1,
    onnotice: ({ severity, message }) => {
      if (severity === "WARNING") warnings.push(message);
    },
  });
  try {
    await sql.unsafe(text).simple();
  } finally {
    await sql.end();
  }
  return warnings;
}

/** Ada starts on one device and takes over on another. */
async function takeOver(database: Database) {
  await database.connected(async (sql) => {
    await sql`
      insert into auth.users (id) values (${ada}), (${ben}) on conflict do nothing`;
    await sql`select set_config('request.jwt.claims', ${
      JSON.stringify({ sub: ada, role: "authenticated" })
    }, false)`;
    for (const id of [1, 2]) {
      await sql`
        select from public.start_session(${`${crypto.randomUUID()} ${id}`}, takeover => true)`;
    }
    const ended = await sql`
      select from public.interview_session_history where end_reason = 'taken_over'`;
    assert(ended.length > 0);
  });
}

/** What a user may read of Ada's topic, as Realtime asks when they join it. */
async function heardBy(database: Database, user: string): Promise<number> {
  return await database.connected((sql) =>
    sql.begin(async (sql) => {
      await sql`select
        set_config('role', 'authenticated', true),
        set_config('realtime.topic', ${`sessions:${ada}`}, true),
        set_config('request.jwt.claims', ${
        JSON.stringify({ sub: user })
      }, true)`;
      return (await sql`
        select from realtime.messages m where m.extension = 'broadcast'`)
        .length;
    })
  );
}

async function doctorSays(database: Database): Promise<string> {
  await database.connected((sql) =>
    sql`select from public.reap_stale_sessions()`
  );
  const { out } = await command(["doctor", "--db-url", database.url()]);
  return out;
}

const chapter = installSql(["notification"]);
const mayNotCreate =
  /^The role postgres may not create the policy on realtime\.messages: nobody may listen.* Create it as supabase_admin, its owner: see docs\/notification\.md\.$/;

Deno.test("C4 C5 where postgres may not create a policy, the chapter is applied with a warning, and nobody may listen", async () => {
  await withRealtime(mayUse, async (database) => {
    const [warning, ...others] = await warningsOf(database, chapter);

    assert.match(warning ?? "", mayNotCreate);
    assert.deepEqual(others, []);
    await takeOver(database);
    assert.equal(await heardBy(database, ada), 0);
    assert.match(
      await doctorSays(database),
      /^note {5}Nobody may listen: .*see docs\/notification\.md/m,
    );
  });
});

Deno.test("C4 the policy that its owner creates as documented is the chapter's own, and is kept when the chapter is applied again", async () => {
  const policyOf = (database: Database) =>
    database.connected(async (sql) => [
      ...await sql`
        select policyname, permissive, roles, cmd, qual, with_check
        from pg_policies where schemaname = 'realtime'`,
    ]);
  let own: unknown;
  await withCopyOf("bare", async (database) => {
    // postgres is the owner
    await database.connected((sql) => sql.unsafe(realtime).simple());
    assert.deepEqual(await warningsOf(database, chapter), []);
    own = await policyOf(database);
  });
  await withRealtime(mayUse, async (database) => {
    await warningsOf(database, chapter);
    await database.connected(
      (sql) =>
        sql.unsafe(recipesOf("docs/notification.md")("policy.sql")).simple(),
      owner,
    );
    await takeOver(database);

    assert.deepEqual(await policyOf(database), own);
    assert(await heardBy(database, ada) > 0);
    assert.equal(await heardBy(database, ben), 0);
    assert.deepEqual(await warningsOf(database, chapter), []);
    assert.deepEqual(await policyOf(database), own);
    assert.match(
      await doctorSays(database),
      /^ok {7}Devices are notified through Realtime/m,
    );

    const warnings = await warningsOf(database, textOf("scripts/rollback.sql"));
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      /^The role postgres may not drop the policy .* Drop it as the owner/,
    );
    const [left] = await database.connected((sql) =>
      sql`select to_regnamespace('sessions') as schema`
    );
    assert.equal(left?.schema, null);
  });
});

Deno.test("C4 C5 where postgres may not send either, a session ends all the same, doctor says why, and everything is removed", async () => {
  await withRealtime(mayNotSend, async (database) => {
    const warnings = await warningsOf(database, chapter);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, mayNotCreate);

    await takeOver(database);
    assert.match(
      await doctorSays(database),
      /^note {5}Nobody is notified: the owner of sessions\.notify\(\) may not execute/m,
    );

    assert.deepEqual(
      await warningsOf(database, textOf("scripts/rollback.sql")),
      [],
    );
  });
});

Deno.test("C4 doctor finds that row level security is off on realtime.messages", async () => {
  await withRealtime(
    `${mayUse} alter table realtime.messages disable row level security;`,
    async (database) => {
      await warningsOf(database, chapter);
      assert.match(
        await doctorSays(database),
        /^PROBLEM {2}Row level security is off on realtime\.messages/m,
      );
    },
  );
});
