// `doctor` compares with definitions that were written on one version of Postgres.
import assert from "node:assert/strict";
import { databaseFindings } from "../../../cli/doctor/database.ts";
import { installSql } from "../../../cli/migration.ts";
import { optionalChapters } from "../../../cli/package_files.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { textOf } from "../../../scripts/test/files.ts";

async function assertNothingWrong(database: Database) {
  await database.connected((sql) =>
    sql`select from public.reap_stale_sessions()`
  );
  const findings = await databaseFindings(database.url());
  const others = findings.filter(({ level, says }) =>
    level !== "ok" && !/because Realtime is absent/.test(says)
  );
  assert.deepEqual(others, []);
}

Deno.test("C5 doctor finds nothing wrong on this version of Postgres, freshly installed and applied again", async () => {
  await withCopyOf("migrated", async (database) => {
    await assertNothingWrong(database);
    await database.connected((sql) =>
      sql.unsafe(installSql(optionalChapters)).simple()
    );
    await assertNothingWrong(database);
  });
});

Deno.test("C5 doctor finds nothing wrong after an upgrade", async () => {
  await withCopyOf("bare", async (database) => {
    await database.connected((sql) =>
      sql.unsafe(textOf("supabase/tests/upgrade/released/0.0.0.sql")).simple()
    );
    await database.connected((sql) =>
      sql.unsafe(installSql(["admin"])).simple()
    );
    await assertNothingWrong(database);
  });
});
