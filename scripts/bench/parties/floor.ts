// The least that any solution must do: one statement on one row, found by its
// primary key, in the table that the promise M1 asks for. No function, no RLS,
// no refusal, no history.
import type { Operation, Party } from "../party.ts";
import { request, session, sessionOf, user, userOf } from "../request.ts";

const table = `
create schema floor;
create table floor.active_interview_sessions (
  user_id uuid primary key references auth.users (id) on delete cascade,
  session_id text not null,
  status text not null default 'active',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
) with (fillfactor = 50);
grant usage on schema floor to authenticated;
grant all on table floor.active_interview_sessions to authenticated;

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

const insertAnswers = (rows: string) =>
  `insert into public.answers (user_id, session_id, fence, answer) ` +
  `select ${user}, ${session}, :fence::bigint, 'an answer of a few words' ${rows}`;

const statements: Record<Operation, string> = {
  start: upsert,
  heartbeat: `update floor.active_interview_sessions ` +
    `set updated_at = now() where user_id = ${user}`,
  complete: `update floor.active_interview_sessions ` +
    `set status = 'completing', updated_at = now() where user_id = ${user}`,
  end: `delete from floor.active_interview_sessions where user_id = ${user}`,
  refusal: `insert into floor.active_interview_sessions ` +
    `(user_id, session_id) values (${user}, ${session}) ` +
    `on conflict (user_id) do nothing`,
  takeover: upsert,
  guard: insertAnswers(""),
  guard_100: insertAnswers("from generate_series(1, 100)"),
};

function scripts(
  wrap: (statement: string) => string,
  of = Object.keys(statements) as Operation[],
): Party["scripts"] {
  return Object.fromEntries(of.map((name) => [name, wrap(statements[name])]));
}

/** Through the API, as everybody else. */
export const floor: Party = {
  name: "floor",
  what:
    "the bare statement on one row by primary key, in the same request as the others (role and claims are set), but no RLS, no function, no history; for the guard: an insert under a policy that asks only whose row it is",
  table: "floor.active_interview_sessions",
  setUp: table,
  clear: "truncate floor.active_interview_sessions",
  fill: ({ from, count, epoch }) =>
    `insert into floor.active_interview_sessions (user_id, session_id)
     select ${userOf("n")}, ${sessionOf("n", epoch)}
     from generate_series(${from}, ${from + count - 1}) as n;`,
  scripts: scripts((statement) => request(statement)),
};

/** The same, without waiting for the disk. */
export const asynchronousFloor: Party = {
  ...floor,
  name: "floor, asynchronous",
  what: "the floor with synchronous_commit off",
  scripts: scripts(
    (statement) =>
      request(statement, {
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
