// What the tests of scripts/rollback.sql share: an app that was there before, a
// day's use, and everything that could have been touched.
import assert from "node:assert/strict";
import postgres from "postgres";
import { catalogue, catalogueSizes } from "../../../scripts/test/catalogue.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import { plainly } from "../../../scripts/test/databases_fixture.ts";
import { textOf } from "../../../scripts/test/files.ts";

/** Pastes scripts/rollback.sql, over a connection of its own. */
export async function rollBack(database: Database) {
  await database.connected((sql) =>
    sql.unsafe(textOf("scripts/rollback.sql")).simple()
  );
}

/** Sends it piece by piece and goes on after an error, as psql -f does, or as it does
 * with ON_ERROR_ROLLBACK: with a savepoint before each; the error that came first. */
export async function rollBackInPieces(
  database: Database,
  o = { onErrorRollback: false },
): Promise<postgres.PostgresError | undefined> {
  return await database.connected(async (sql) => {
    let first: postgres.PostgresError | undefined;
    let began = false;
    for (const piece of textOf("scripts/rollback.sql").split(/\n\n+/)) {
      const isInside = o.onErrorRollback && began && !/\ncommit;/.test(piece);
      began ||= /^begin;$/m.test(piece);
      try {
        if (isInside) await sql`savepoint before_it`;
        await sql.unsafe(piece).simple();
      } catch (error) {
        assert(error instanceof postgres.PostgresError, String(error));
        first ??= error;
        if (isInside) await sql`rollback to before_it`;
      }
    }
    return first;
  });
}

/** The same, where it must refuse: with what, and what it names. */
export async function refusedRollback(
  database: Database,
): Promise<postgres.PostgresError> {
  try {
    await rollBack(database);
  } catch (error) {
    assert(error instanceof postgres.PostgresError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

/** An app with data, which knows nothing of interview sessions. */
export async function installApp(database: Database) {
  await database.connected(async (sql) => {
    await sql.unsafe(`
      create schema app;
      comment on schema app is 'Somebody else''s.';
      create type public.mood as enum ('good', 'bad');
      create table public.profiles (
        user_id uuid primary key references auth.users (id) on delete cascade,
        mood public.mood not null default 'good',
        seen_at timestamptz not null
      );
      comment on table public.profiles is 'Who is who.';
      create index profiles_seen_at on public.profiles (seen_at);
      alter table public.profiles enable row level security;
      create policy "own profile" on public.profiles
        for all to authenticated using (user_id = (select auth.uid()));
      create function app.touch() returns trigger language plpgsql as $$
      begin
        new.seen_at := now();
        return new;
      end $$;
      create trigger touch before update on public.profiles
        for each row execute function app.touch();
      create view public.moods as select mood, count(*) from public.profiles group by mood;
      create sequence app.numbers start 7;
      alter default privileges in schema app grant select on tables to authenticated;
      create publication app_changes for table public.profiles;
      insert into auth.users (id) values
        ('aaaaaaaa-0000-4000-8000-000000000001'),
        ('bbbbbbbb-0000-4000-8000-000000000002');
      insert into public.profiles (user_id, seen_at)
      select id, '2025-01-01' from auth.users;
    `).simple();
  });
}

/** Every function of the lifecycle and of operators once, and a reaper that had something to reap. */
export async function useSessions(database: Database) {
  await database.connected(async (sql) => {
    await sql.unsafe(`
      set request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
      set role authenticated;
      select from public.start_session('first', false, 'Chrome', 'attempt-1');
      select from public.heartbeat_session('first');
      select from public.complete_session('first');
      select from public.end_session('first');
      select from public.start_session('second', false, null, 'attempt-2');
      select from public.end_session('never started');
      set request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';
      select from public.start_session('ended by an operator');
      reset role;
      select from public.revoke_session('bbbbbbbb-0000-4000-8000-000000000002', 'a note');
      select from public.extend_interview('aaaaaaaa-0000-4000-8000-000000000001', 'attempt-2', '1 minute', 'a note');
      set role authenticated;
      select from public.start_session('lost');
      reset role;
      update public.active_interview_sessions
      set
        created_at = created_at - interval '6 minutes',
        updated_at = updated_at - interval '6 minutes',
        deadline_at = deadline_at - interval '6 minutes',
        expires_at = expires_at - interval '6 minutes'
      where session_id = 'lost';
      select from public.reap_stale_sessions();
    `).simple();
    assert.deepEqual(
      await plainly(sql`
        select session_id, 'live' as state from public.active_interview_sessions
        union all
        select session_id, end_reason from public.interview_session_history
        order by 1`),
      [
        { session_id: "ended by an operator", state: "revoked" },
        { session_id: "first", state: "completed" },
        { session_id: "lost", state: "expired" },
        { session_id: "second", state: "live" },
      ],
    );
  });
}

/** All that there is, in the catalogue and in the tables that are the app's. */
export async function everythingIn(database: Database): Promise<unknown> {
  return await database.connected(async (sql) => ({
    catalogue: await plainly(catalogue(sql)),
    sizes: await catalogueSizes(sql),
    users: await plainly(sql`select u::text, xmin::text from auth.users u`),
    profiles: await plainly(
      sql`select p::text, xmin::text from public.profiles p`,
    ),
    numbers: await plainly(sql`select last_value from app.numbers`),
  }), "supabase_admin");
}

/** What there is of interview sessions, down to the rows. */
export async function sessionsIn(database: Database): Promise<unknown> {
  return await database.connected(async (sql) => ({
    catalogue: await plainly(catalogue(sql)),
    active: await plainly(sql`
      select a::text, xmin::text from public.active_interview_sessions a`),
    history: await plainly(sql`
      select h::text, xmin::text from public.interview_session_history h`),
    interviews: await plainly(sql`
      select i::text, xmin::text from public.interviews i`),
    earlyEnds: await plainly(sql`
      select e::text, xmin::text from sessions.early_ends e`),
    revocations: await plainly(sql`
      select r::text, xmin::text from sessions.revocations r`),
    extensions: await plainly(sql`
      select e::text, xmin::text from sessions.extensions e`),
    settings: await plainly(sql`
      select s::text, xmin::text from sessions.settings s`),
    runs: await plainly(sql`
      select r::text, xmin::text from sessions.reaper_runs r`),
  }));
}
