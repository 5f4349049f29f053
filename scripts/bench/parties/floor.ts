// The least that any solution must do: the same durable work in one statement, by
// primary key, in the tables that the promises M1 and B7 ask for. No function, no
// RLS, no refusal.
import type { Operation, Party } from "../party.ts";
import { request, session, sessionOf, user, userOf } from "../request.ts";

const tables = `
create schema floor;
create table floor.active_interview_sessions (
  user_id uuid primary key references auth.users (id) on delete cascade,
  session_id text not null,
  status text not null default 'active',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
) with (fillfactor = 50);
-- The same keys and the same foreign key as our history, and none of its other indexes and checks.
create table floor.interview_session_history (
  user_id uuid not null references auth.users (id) on delete cascade,
  session_id text not null,
  started_at timestamptz not null,
  last_seen_at timestamptz not null,
  ended_at timestamptz not null,
  end_reason text not null,
  status text not null,
  primary key (user_id, session_id)
);
grant usage on schema floor to authenticated;
grant all on all tables in schema floor to authenticated;

create table public.answers (
  id bigint primary key generated always as identity,
  user_id uuid not null,
  session_id text not null,
  fence bigint not null,
  answer text not null
);
alter table public.answers enable row level security;
grant insert on table public.answers to authenticated;
create policy "a user writes their own" on public.answers
  for insert to authenticated
  with check (user_id = (select auth.uid()));
`;

const upsert = `insert into floor.active_interview_sessions ` +
  `(user_id, session_id) values (${user}, ${session}) on conflict (user_id) ` +
  `do update set session_id = excluded.session_id, status = 'active', ` +
  `created_at = now(), updated_at = now()`;

const isTheirs = `where user_id = ${user}`;

/** Writes the history row of what a common table expression holds. */
const historyOf = (ended: string, reason: string) =>
  `insert into floor.interview_session_history (user_id, session_id, ` +
  `started_at, last_seen_at, ended_at, end_reason, status) ` +
  `select user_id, session_id, created_at, updated_at, now(), '${reason}', status ` +
  `from ${ended}`;

const insertAnswers = (rows: string) =>
  `insert into public.answers (user_id, session_id, fence, answer) ` +
  `select ${user}, ${session}, :fence::bigint, 'an answer of a few words' ${rows}`;

const statements: Record<Operation, string> = {
  start: upsert,
  heartbeat: `update floor.active_interview_sessions ` +
    `set updated_at = now() ${isTheirs}`,
  complete: `update floor.active_interview_sessions ` +
    `set status = 'completing', updated_at = now() ${isTheirs}`,
  end: `with ended as (delete from floor.active_interview_sessions ` +
    `${isTheirs} returning *) ${historyOf("ended", "disconnected")}`,
  refusal: `insert into floor.active_interview_sessions ` +
    `(user_id, session_id) values (${user}, ${session}) ` +
    `on conflict (user_id) do nothing`,
  takeover: `with ended as (select * from floor.active_interview_sessions ` +
    `${isTheirs} for update), ` +
    `kept as (${historyOf("ended", "taken_over")}) ${upsert}`,
  guard: insertAnswers(""),
  guard_100: insertAnswers("from generate_series(1, 100)"),
};

function scripts(
  wrap: (statement: string) => string,
  of = Object.keys(statements) as Operation[],
): Party["scripts"] {
  return Object.fromEntries(of.map((name) => [name, wrap(statements[name])]));
}

const path = "/active_interview_sessions";

/** Through the API, as everybody else. */
export const floor: Party = {
  name: "floor",
  what:
    "the bare statement by primary key, in the same request as the others (role and claims are set), but no RLS, no function, no lease, no refusal; an end and a takeover also write the history row; for the guard: an insert under a policy that checks only whose row it is",
  table: "floor.active_interview_sessions",
  setUp: tables,
  clear: "truncate floor.active_interview_sessions",
  fill: ({ from, count, epoch }) =>
    `insert into floor.active_interview_sessions (user_id, session_id)
     select ${userOf("n")}, ${sessionOf("n", epoch)}
     from generate_series(${from}, ${from + count - 1}) as n;`,
  scripts: scripts((statement) => request({ path, statement })),
};

/** The same, without waiting for the disk. */
export const asynchronousFloor: Party = {
  ...floor,
  name: "floor, asynchronous",
  what: "the floor with synchronous_commit off",
  scripts: scripts(
    (statement) =>
      request({
        path,
        statement,
        also: `set_config('synchronous_commit', 'off', true)`,
      }),
    ["start", "heartbeat", "complete", "end", "takeover"],
  ),
};

/** Not through the API: what no client of Supabase can have. */
export const nakedFloor: Party = {
  ...floor,
  name: "floor, one round trip",
  what:
    "the floor's statement alone, sent by a superuser in one round trip: no request, no role, no claims; for the record",
  scripts: scripts((statement) => `${statement};`, [
    ...["start", "heartbeat", "complete", "end"] as const,
  ]),
  role: "supabase_admin",
};
