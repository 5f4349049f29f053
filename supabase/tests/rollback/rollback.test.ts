// scripts/rollback.sql takes away what the migrations made, and nothing else.
import assert from "node:assert/strict";
import { basename } from "node:path";
import { pushMigrations } from "../../../scripts/stack/migrations.ts";
import { catalogue } from "../../../scripts/test/catalogue.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import {
  migrationFiles,
  pasteMigrations,
  plainly,
  withCopyOf,
  withNewProject,
} from "../../../scripts/test/databases_fixture.ts";
import {
  everythingIn,
  installApp,
  refusedRollback,
  rollBack,
  sessionsIn,
  useSessions,
} from "./support.ts";

for (const defaultPrivileges of ["granted", "revoked"] as const) {
  Deno.test(`M15 everything is as it was, with default privileges ${defaultPrivileges}`, async () => {
    await withNewProject(defaultPrivileges, async (database) => {
      await installApp(database);
      const before = await everythingIn(database);

      await pasteMigrations(database);
      const witness = await everythingIn(database);
      await useSessions(database);
      await rollBack(database);

      assert.deepEqual(await everythingIn(database), before);
      assert.notDeepEqual(witness, before, "the migrations had made something");
    });
  });
}

Deno.test("M15 a second run finds nothing to do, and says so by succeeding", async () => {
  await withCopyOf("bare", async (database) => {
    await installApp(database);
    const before = await everythingIn(database);
    await pasteMigrations(database);

    await rollBack(database);
    await rollBack(database);

    assert.deepEqual(await everythingIn(database), before);
  });
});

for (
  const table of [
    "active_interview_sessions",
    "interview_session_history",
    "interviews",
  ]
) {
  Deno.test(`M15 where it is not installed, the app's own ${table} stays`, async () => {
    await withCopyOf("bare", async (database) => {
      await installApp(database);
      await database.connected((sql) =>
        sql.unsafe(`create table public.${table} (id int primary key)`)
      );
      const before = await everythingIn(database);

      const { code, message } = await refusedRollback(database);

      assert.equal(code, "55000");
      assert.equal(
        message,
        `Interview sessions are not installed here, and ${table} belongs to ` +
          "the app. Nothing was changed.",
      );
      assert.deepEqual(await everythingIn(database), before);
    });
  });
}

Deno.test("M15 what was added to our own tables goes with them", async () => {
  await withCopyOf("bare", async (database) => {
    await installApp(database);
    await database.connected((sql) => sql`create publication all_live`);
    const before = await everythingIn(database);
    await pasteMigrations(database);
    await database.connected((sql) =>
      sql.unsafe(`
        create index on public.interview_session_history (end_reason);
        create policy "support sees all" on public.interview_session_history
          for select to service_role using (true);
        alter publication all_live add table public.active_interview_sessions;
        alter table public.active_interview_sessions add column app_note text;
        update sessions.settings set lease = '2 minutes';
      `).simple()
    );

    await rollBack(database);

    assert.deepEqual(await everythingIn(database), before);
  });
});

Deno.test("M15 after a rollback the CLI applies the migrations again", async () => {
  await withCopyOf("bare", async (database) => {
    await installApp(database);
    await pushMigrations(database.url());
    const { catalogue: installed } = await sessionsIn(database) as {
      catalogue: unknown;
    };
    await useSessions(database);

    await rollBack(database);
    assert.deepEqual(await appliedVersions(database), []);
    await pushMigrations(database.url());

    assert.deepEqual(await appliedVersions(database), versions());
    assert.deepEqual(
      await database.connected((sql) => plainly(catalogue(sql))),
      installed,
    );
    await useSessions(database);
  });
});

Deno.test("M15 the versions of other migrations stay applied", async () => {
  await withCopyOf("migrated", async (database) => {
    await database.connected((sql) =>
      sql`
        insert into supabase_migrations.schema_migrations (version, name)
        values ('20240101000000', 'profiles'), ('20260101000000', 'answers')`
    );

    await rollBack(database);

    assert.deepEqual(
      await appliedVersions(database),
      ["20240101000000", "20260101000000"],
    );
  });
});

function versions(): string[] {
  return migrationFiles().map((file) => basename(file).slice(0, 14));
}

async function appliedVersions(database: Database): Promise<unknown[]> {
  const rows = await database.connected((sql) =>
    sql`
      select version from supabase_migrations.schema_migrations order by 1`
  );
  return rows.map(({ version }) => version);
}
