// However a chapter or the whole migration is applied, it does not wait for long for
// a table that somebody else has locked: every call would wait behind it.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { basename, join } from "node:path";
import { installSql } from "../../../cli/migration.ts";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { catalogue } from "../../../scripts/test/catalogue.ts";
import { runCommand } from "../../../scripts/test/command.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import {
  migrationFiles,
  withCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import { textOf } from "../../../scripts/test/files.ts";
import { awaited, until } from "../waiting.ts";
import { hasPsql, inNewProject, push, refusal } from "./support.ts";

/** The chapter that changes tables. */
const chapter = "supabase/migrations/20250124000000_tables.sql";

const skipped = hasPsql ? "" : " (skipped: no psql here)";

/** Runs psql on a database; its exit code and everything that it said. */
async function psql(
  database: Database,
  args: string[],
  env: Record<string, string> = {},
) {
  const { code, said, stdout } = await runCommand("psql", [
    ...[
      "--no-psqlrc",
      "--set",
      "ON_ERROR_STOP=1",
      "--set",
      "VERBOSITY=verbose",
    ],
    ...["--dbname", database.url(), ...args],
  ], { signal: new AbortController().signal, env });
  return { code, said, stdout };
}

/** The ways to apply it, each of which must fail: what was said. */
const ways: Record<string, (database: Database) => Promise<string>> = {
  "a chapter by psql -1 -f": async (database) => {
    const { code, said } = await psql(database, ["-1", "-f", chapter]);
    assert.equal(code, 3, said);
    return said;
  },
  "a chapter by psql -f": async (database) => {
    const { code, said } = await psql(database, ["-f", chapter]);
    assert.equal(code, 3, said);
    return said;
  },
  "a chapter in the SQL editor": async (database) => {
    const { code } = await refusal(
      database.connected((sql) => sql.unsafe(textOf(chapter)).simple()),
    );
    return code;
  },
  "a chapter by supabase db push": async (database) => {
    let said = "";
    await inNewProject(async (folder) => {
      const migrations = join(folder, "supabase", "migrations");
      fs.mkdirSync(migrations, { recursive: true });
      for (const file of migrationFiles()) {
        fs.copyFileSync(
          join(repositoryRoot, file),
          join(migrations, basename(file)),
        );
      }
      fs.copyFileSync(
        join(repositoryRoot, chapter),
        join(migrations, "20990101000000_again.sql"),
      );
      const { code, out, err } = await push(folder, database);
      said = out + err;
      assert.notEqual(code, 0, said);
    });
    return said;
  },
  "the migration by psql -f": async (database) => {
    const { code, said } = await psqlWith(database, installSql(["admin"]));
    assert.equal(code, 3, said);
    return said;
  },
};

async function psqlWith(database: Database, sql: string) {
  const file = await Deno.makeTempFile({ suffix: ".sql" });
  try {
    await Deno.writeTextFile(file, sql);
    return await psql(database, ["-f", file]);
  } finally {
    await Deno.remove(file);
  }
}

/** Applies it in this way while a reader holds a table, and somebody waits behind. */
async function assertGivesUp(
  way: string,
  apply: (database: Database) => Promise<string>,
  database: Database,
) {
  const before = await objectsOf(database);
  await database.connected(async (reader) => {
    await database.connected(async (behind) => {
      await reader`begin`;
      await reader`select from public.active_interview_sessions`;
      const applying = apply(database);
      // a failure to wait is reported below
      applying.catch(() => {});
      await until(`${way} waits for the reader`, () => isWaiting(database));
      const [said] = await awaited(
        `${way} gives up, and those behind it pass, before the reader ends`,
        Promise.all([
          applying,
          behind`select from public.active_interview_sessions`,
        ]),
      );
      assert.match(said, /55P03/, `${way}: ${said}`);
      await reader`commit`;
    });
  });
  assert.deepEqual(await objectsOf(database), before, way);
}

/** What is in the database, without the history of migrations. */
async function objectsOf(database: Database) {
  const objects = await database.connected(catalogue);
  return objects.filter(({ name }) => !name.includes("supabase_migrations"));
}

Deno.test({
  name:
    `C5 M8 whatever applies it fails with 55P03 while a reader holds a table, and lets those behind it pass${skipped}`,
  ignore: !hasPsql,
  async fn() {
    // a database for each: two of them at once would fail for other reasons
    await Promise.all(
      Object.entries(ways).map(([way, apply]) =>
        withCopyOf(
          "migrated",
          (database) => assertGivesUp(way, apply, database),
        )
      ),
    );
  },
});

Deno.test({
  name: `C5 a chapter leaves the session's lock_timeout as it was${skipped}`,
  ignore: !hasPsql,
  fn: () =>
    withCopyOf("bare", async (database) => {
      const env = { PGOPTIONS: "-c lock_timeout=7s" };
      for (const file of migrationFiles()) {
        for (const alone of [[], ["-1"]]) {
          const { code, said, stdout } = await psql(database, [
            ...["--quiet", "--tuples-only", ...alone],
            ...["-f", file, "-c", "show lock_timeout"],
          ], env);
          assert.equal(code, 0, said);
          assert.equal(stdout.trim(), "7s", file);
        }
      }
    }),
});

Deno.test("C5 every chapter sets lock_timeout before its first statement and resets it after the last", () => {
  for (const file of migrationFiles()) {
    const statements = textOf(file).replaceAll(/^--.*\n/gm, "").trim();
    assert.match(statements, /^set lock_timeout = '5s';\n/, file);
    assert.match(statements, /\nreset lock_timeout;$/, file);
  }
});

/** Does somebody wait for a lock in this database, or sleep between two attempts? */
async function isWaiting(database: Database): Promise<boolean> {
  const [{ waiting }] = await database.connected((sql) =>
    sql`
      select exists (
        select from pg_stat_activity
        where datname = current_database()
          and (wait_event_type = 'Lock' or wait_event = 'PgSleep')
      ) as waiting`
  );
  return waiting;
}
