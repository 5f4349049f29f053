// Installing interview sessions into a project leaves what is the app's own alone.
import assert from "node:assert/strict";
import { pushMigrations } from "../../../scripts/stack/migrations.ts";
import {
  catalogue,
  type CatalogueEntry,
} from "../../../scripts/test/catalogue.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import {
  pasteMigrations,
  plainly,
  withNewProject,
} from "../../../scripts/test/databases_fixture.ts";

const app = `
  create schema app;
  create type public.level as enum ('junior', 'senior');
  create table public.mock_interviews (
    id bigint primary key generated always as identity,
    user_id uuid not null references auth.users (id) on delete cascade,
    level public.level not null,
    status text not null default 'active',
    settings jsonb not null default '{}'
  );
  create index mock_interviews_user_id on public.mock_interviews (user_id);
  alter table public.mock_interviews enable row level security;
  create policy "own interviews" on public.mock_interviews
    for all to authenticated using (user_id = (select auth.uid()));
  -- names that are ours elsewhere, and stay theirs here
  create table app.settings (lease interval);
  create table app.active_interview_sessions (user_id uuid primary key, fence int);
  create function app.start_session(session_id text) returns text
    language sql as 'select session_id';
  create function public.start_interview(level public.level) returns bigint
    language sql security definer set search_path = '' as
    'insert into public.mock_interviews (user_id, level) values ((select auth.uid()), level) returning id';
  create view app.seniors as select * from public.mock_interviews where level = 'senior';
  create publication app_changes for table public.mock_interviews;
  insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
  insert into public.mock_interviews (user_id, level)
  select id, 'senior' from auth.users;
  insert into app.settings values ('1 hour');
`;

for (const defaults of ["granted", "revoked"] as const) {
  for (
    const [way, migrate] of [
      [
        "the CLI",
        (database: Database) => pushMigrations(database.url()),
      ],
      ["pasting", pasteMigrations],
    ] as const
  ) {
    Deno.test(`M1 B8 installed by ${way} beside an app, which stays as it was, with default privileges ${defaults}`, async () => {
      await withNewProject(defaults, async (database) => {
        await database.connected((sql) => sql.unsafe(app).simple());
        const before = await all(database);

        await migrate(database);

        const after = await all(database);
        const ours = new Set(
          after.entries.filter((entry) => isOurs(entry)).map(keyOf),
        );
        assert(ours.size > 0);
        assert.deepEqual(
          after.entries.filter((entry) => !ours.has(keyOf(entry))),
          before.entries,
        );
        assert.deepEqual(after.rows, before.rows);
      });
    });
  }
}

function isOurs({ kind, name }: CatalogueEntry): boolean {
  return /^_?(sessions|supabase_migrations)\b/.test(name) ||
    /^public\._?(active_interview_sessions|interview_session_history|interviews)\b/
      .test(name) ||
    /^public\._?interview_session_health\b/.test(name) ||
    /^public\.(start|heartbeat|complete|end|(user_)?holds|revoke)_session\(/
      .test(name) ||
    /^public\.extend_interview\(/.test(name) ||
    /^public\.(claim|settle|list|retry|drop)_deliveries\(/.test(name) ||
    /^public\.(reap_stale_sessions|session_health)\(/.test(name) ||
    /^public\.admin_(\w+_sessions?|session_\w+|extend_interview|\w+_deliveries)\(/
      .test(
        name,
      ) ||
    /^public\.(active_interview_sessions|interview_session_history|interviews)_/
      .test(name) ||
    (kind === "default privileges" && name.endsWith(" supabase_migrations"));
}

function keyOf({ kind, name }: CatalogueEntry): string {
  return `${kind} ${name}`;
}

async function all(
  database: Database,
): Promise<{ entries: CatalogueEntry[]; rows: unknown }> {
  return await database.connected(async (sql) => ({
    entries: await catalogue(sql),
    rows: await plainly(sql`
      select u::text as row, xmin::text from auth.users u
      union all
      select i::text, xmin::text from public.mock_interviews i
      union all
      select s::text, xmin::text from app.settings s`),
  }), "supabase_admin");
}
