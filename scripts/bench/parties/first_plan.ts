// The first plan: the browser writes the table itself, RLS keeps users apart, and
// a job deletes what is older than 15 minutes.
import type { Party } from "../party.ts";
import {
  request as apiRequest,
  session,
  sessionOf,
  user,
  userOf,
} from "../request.ts";

const table = `
create schema first_plan;
create table first_plan.active_interview_sessions (
  user_id uuid primary key references auth.users (id) on delete cascade,
  session_id text not null,
  status text not null default 'active',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index on first_plan.active_interview_sessions (created_at);
grant usage on schema first_plan to authenticated, service_role;
grant all on table first_plan.active_interview_sessions to authenticated, service_role;
alter table first_plan.active_interview_sessions enable row level security;
create policy "their own" on first_plan.active_interview_sessions
  to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));
`;

const request = (statement: string) =>
  apiRequest({ path: "/active_interview_sessions", statement });

const upsert = `insert into first_plan.active_interview_sessions ` +
  `(user_id, session_id, status, updated_at) ` +
  `values (${user}, ${session}, 'active', now()) on conflict (user_id) ` +
  `do update set session_id = excluded.session_id, ` +
  `status = excluded.status, updated_at = excluded.updated_at`;

const where = `where user_id = ${user}`;

/** What would have been built. */
export const firstPlan: Party = {
  name: "first plan",
  what:
    "upsert, update and delete by the client under RLS; no refusal (a second tab steals the session), no lease, no history; cleaned up by delete … where created_at < …",
  table: "first_plan.active_interview_sessions",
  setUp: table,
  clear: "truncate first_plan.active_interview_sessions",
  fill: ({ from, count, epoch }) =>
    `insert into first_plan.active_interview_sessions (user_id, session_id)
     select ${userOf("n")}, ${sessionOf("n", epoch)}
     from generate_series(${from}, ${from + count - 1}) as n;`,
  scripts: {
    start: request(upsert),
    heartbeat: request(
      `update first_plan.active_interview_sessions set updated_at = now() ${where}`,
    ),
    complete: request(
      `update first_plan.active_interview_sessions ` +
        `set status = 'completing', updated_at = now() ${where}`,
    ),
    end: request(`delete from first_plan.active_interview_sessions ${where}`),
    takeover: request(upsert),
  },
};
