// The database of a project that has the first plan's table, which its clients
// write themselves, and an app around it.
import type { Database } from "../../../scripts/test/databases.ts";

/** Users, by what the first plan's table holds of them. */
export const user = {
  fresh: "aaaaaaaa-0000-4000-8000-000000000001",
  completing: "bbbbbbbb-0000-4000-8000-000000000002",
  crashed: "cccccccc-0000-4000-8000-000000000003",
  secondStart: "dddddddd-0000-4000-8000-000000000004",
  noTimes: "eeeeeeee-0000-4000-8000-000000000005",
  tooLong: "ffffffff-0000-4000-8000-000000000006",
  controls: "aaaaaaaa-0000-4000-8000-000000000007",
  empty: "bbbbbbbb-0000-4000-8000-000000000008",
  absent: "cccccccc-0000-4000-8000-000000000009",
  oddStatus: "dddddddd-0000-4000-8000-000000000010",
  deleted: "eeeeeeee-0000-4000-8000-000000000011",
};

/** The table as the plan has it, with its policy and its two indexes. */
const table = `
  create table public.active_interview_sessions (
    user_id uuid primary key references auth.users (id) on delete cascade,
    session_id text not null,
    status text not null default 'active',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
  );
  create index idx_active_sessions_created_at
    on public.active_interview_sessions (created_at);
  create index idx_active_sessions_session_id
    on public.active_interview_sessions (session_id);`;

/** The same without a foreign key and with nothing required. */
const looseTable = `
  create table public.active_interview_sessions (
    user_id uuid primary key,
    session_id text,
    status text,
    created_at timestamptz default now(),
    updated_at timestamptz default now()
  );
  create index idx_active_sessions_created_at
    on public.active_interview_sessions (created_at);
  create index idx_active_sessions_status
    on public.active_interview_sessions (status);`;

/** The same with types of its own. */
const typedTable = `
  create type public.interview_status as enum ('active', 'completing');
  create table public.active_interview_sessions (
    user_id uuid primary key references auth.users (id) on delete cascade,
    session_id uuid not null default gen_random_uuid(),
    status public.interview_status not null default 'active',
    created_at timestamp not null default (now() at time zone 'utc'),
    updated_at timestamp not null default (now() at time zone 'utc')
  );
  create index on public.active_interview_sessions (created_at);
  create index on public.active_interview_sessions (session_id);`;

const access = `
  alter table public.active_interview_sessions enable row level security;
  create policy "Users can manage their own sessions"
    on public.active_interview_sessions
    for all using (auth.uid() = user_id);
  grant all on public.active_interview_sessions
    to anon, authenticated, service_role;`;

const users = `
  insert into auth.users (id) values
  ${
  Object.entries(user).filter(([name]) => name !== "deleted")
    .map(([, id]) => `('${id}')`).join(", ")
};`;

/** As it is in a project: who is in an interview, and what crashed. */
export const asPlanned = `${table}${access}${users}
  insert into public.active_interview_sessions values
    ('${user.fresh}', 'fresh', 'active', now() - interval '2 minutes', now() - interval '2 minutes'),
    ('${user.completing}', 'completing', 'completing', now() - interval '9 minutes', now() - interval '1 minute'),
    ('${user.crashed}', 'crashed', 'active', now() - interval '3 days', now() - interval '3 days'),
    ('${user.secondStart}', 'second', 'active', now() - interval '40 minutes', now() - interval '3 minutes'),
    ('${user.tooLong}', '${"long ".repeat(100)}', 'active', now(), now()),
    ('${user.controls}', e'with\\na line\\u0007', 'active', now(), now()),
    ('${user.empty}', '', 'active', now(), now()),
    ('${user.oddStatus}', 'odd', 'paused', now(), now());`;

/** With rows that only a table without constraints can have. */
export const loose = `${looseTable}${access}${users}
  insert into public.active_interview_sessions values
    ('${user.fresh}', 'fresh', 'active', now() - interval '2 minutes', now() - interval '2 minutes'),
    ('${user.noTimes}', 'no times', 'active', null, null),
    ('${user.secondStart}', 'updated once', 'active', now() - interval '40 minutes', null),
    ('${user.absent}', null, null, now(), now()),
    ('${user.deleted}', 'deleted', 'active', now(), now());`;

/** With a uuid for the session, an enum for the status, times without a zone. */
export const typed = `${typedTable}${access}${users}
  insert into public.active_interview_sessions
    (user_id, session_id, status, created_at, updated_at)
  values
    ('${user.fresh}', '11111111-0000-4000-8000-000000000001', 'active', now() at time zone 'utc' - interval '2 minutes', now() at time zone 'utc' - interval '2 minutes'),
    ('${user.completing}', '22222222-0000-4000-8000-000000000002', 'completing', now() at time zone 'utc', now() at time zone 'utc');`;

/** Without a single row. */
export const unused = `${table}${access}`;

/** Has the project take these steps, as its owner did; when, by its clock. */
export async function install(
  database: Database,
  steps: string,
): Promise<string> {
  return await database.connected(async (sql) => {
    // all in one message are one transaction, and have one now()
    const results: unknown = await sql
      .unsafe(`${steps} select now()::text as at`).simple();
    return (results as { at: string }[][]).at(-1)![0].at;
  });
}
