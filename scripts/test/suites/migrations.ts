// Can the migrations be applied, through the Supabase CLI and pasted?
import assert from "node:assert/strict";
import { basename } from "node:path";
import type postgres from "postgres";
import { pushMigrations } from "../../stack/migrations.ts";
import { definitions } from "../catalogue.ts";
import { cliAsks, type CliRow } from "../cli.ts";
import { bare, type Database, migrated } from "../databases.ts";
import { filesBelow, textOf } from "../files.ts";
import { check, type Part } from "../part.ts";

const suite = "migrations";

/** The file names that the CLI accepts. */
const fileName = /^(\d{14})_[a-z0-9_]+\.sql$/;

/** Every way to apply them. */
export function migrationsSuite(): Part[] {
  return [
    check(suite, "names: a version of 14 digits, in reading order", {
      run: () => Promise.resolve(checkNames()),
    }),
    check(suite, "supabase db push: all applied, as postgres", {
      needs: [bare],
      run: (run) =>
        run.withDatabase(bare, async (database) => {
          assert.deepEqual(await applied(database), []);
          await pushMigrations(database.url());
          assert.deepEqual(await applied(database), versions());
          assert.deepEqual(await database.connected(owners), ["postgres"]);
        }),
    }),
    check(suite, "supabase db push again: nothing changes", {
      needs: [migrated],
      run: (run) =>
        run.withDatabase(migrated, async (database) => {
          const before = await database.connected(identities);
          await pushMigrations(database.url());
          assert.deepEqual(await database.connected(identities), before);
        }),
    }),
    check(suite, "pasted, each file in one go: the same objects", {
      needs: [bare, migrated],
      run: (run) =>
        run.withDatabase(bare, async (database) => {
          await paste(database);
          const pasted = await database.connected(definitions);
          const pushed = await run.withDatabase(
            migrated,
            (other) => other.connected(definitions),
          );
          assert.deepEqual(pasted, pushed);
        }),
    }),
    check(suite, "pasted over what is there: the same objects", {
      needs: [migrated],
      run: (run) =>
        run.withDatabase(migrated, async (database) => {
          const before = await database.connected(definitions);
          await paste(database);
          assert.deepEqual(await database.connected(definitions), before);
        }),
    }),
  ];
}

function migrationFiles(): string[] {
  return filesBelow("supabase/migrations", ".sql");
}

function versions(): string[] {
  return migrationFiles().map((file) => basename(file).slice(0, 14));
}

function checkNames() {
  const names = migrationFiles().map((file) => basename(file));
  assert(names.length > 0, "there are no migrations");
  for (const name of names) assert.match(name, fileName);
  const unique = new Set(versions());
  assert.equal(unique.size, names.length, "two have the same version");
  assert.equal(names[0], "20250123000000_preflight.sql");
}

/** The applied migrations in `supabase migration list`, all of them local. */
async function applied(database: Database): Promise<string[]> {
  const { migrations } = await cliAsks(
    ["migration", "list"],
    database.url(),
  ) as { migrations: CliRow[] };
  assert.deepEqual(migrations.map(({ local }) => local), versions());
  return migrations.map(({ remote }) => String(remote))
    .filter((version) => version !== "");
}

/** As in the SQL editor: plain statements, each file all or nothing. */
async function paste(database: Database) {
  await database.connected(async (sql) => {
    for (const file of migrationFiles()) {
      await sql.begin((transaction) =>
        transaction.unsafe(textOf(file)).simple()
      );
    }
  });
}

/** The owners of what the migrations have created. */
async function owners(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ owner: string }[]>`
    select distinct pg_get_userbyid(o.owner) as owner
    from (
      select relowner as owner, relnamespace as namespace from pg_class
      union all
      select proowner, pronamespace from pg_proc
      union all
      select nspowner, oid from pg_namespace where nspname = 'sessions'
    ) o
    where o.namespace in (
      'public'::regnamespace, to_regnamespace('sessions')
    )`;
  return rows.map(({ owner }) => owner);
}

/** The catalogue rows that the migrations can write, each with its xmin. */
async function identities(sql: postgres.Sql): Promise<unknown[]> {
  return [
    ...await sql`
      select 'table', c.oid::text, c.xmin::text from pg_class c
      where c.relnamespace in ('public'::regnamespace, 'sessions'::regnamespace)
      union all
      select 'function', p.oid::text, p.xmin::text from pg_proc p
      where p.pronamespace in ('public'::regnamespace, 'sessions'::regnamespace)
      union all
      select 'policy', p.oid::text, p.xmin::text from pg_policy p
      union all
      select 'migration', m.version, m.xmin::text
      from supabase_migrations.schema_migrations m
      union all
      select 'settings', s.lease::text, s.xmin::text from sessions.settings s
      order by 1, 2`,
  ];
}
