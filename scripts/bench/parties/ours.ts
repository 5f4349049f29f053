// This component, called as clients call it; and the same with the index that it
// does without.
import type { Party } from "../party.ts";
import { request, session, sessionOf, user, userOf } from "../request.ts";

const other = `('other' || :e || '-0000-4000-8000-' || :n)`;

const setUp = `
-- A run takes longer than a lease, and each heartbeat shall move its end.
update sessions.settings
set lease = '1 day', max_duration = '2 days', completing_grace = '2 days';

create table public.answers (
  id bigint primary key generated always as identity,
  user_id uuid not null,
  session_id text not null,
  fence bigint not null,
  answer text not null
);
alter table public.answers enable row level security;
grant insert on table public.answers to authenticated;
create policy "only the live session writes" on public.answers
  for insert to authenticated
  with check (user_id = (select auth.uid()) and public.holds_session(session_id, fence));

-- An error ends a script of pgbench, so the refusal is caught where it is raised.
-- That, a subtransaction, is counted against us.
create schema bench;
grant usage on schema bench to authenticated;
create function bench.is_refused(session_id text) returns boolean
language plpgsql as $$
begin
  perform public.start_session(session_id, device => 'Chrome on Windows');
  return false;
exception
  when sqlstate 'PT409' then return true;
end
$$;
`;

const insertAnswers = (rows: string) =>
  `insert into public.answers (user_id, session_id, fence, answer) ` +
  `select ${user}, ${session}, :fence::bigint, 'an answer of a few words' ${rows}`;

/** This component. */
export const ours: Party = {
  name: "ours",
  what:
    "this component, by its public functions: one session per user, leases, fences, refusals, a history row for each session",
  table: "public.active_interview_sessions",
  setUp,
  clear: "truncate public.active_interview_sessions",
  fill: ({ from, count, epoch }) =>
    `insert into public.active_interview_sessions (
       user_id, session_id, fence, device, created_at, updated_at, deadline_at, expires_at
     )
     select
       ${userOf("n")}, ${sessionOf("n", epoch)}, n, 'Chrome on Windows',
       now(), now(), now() + interval '2 days', now() + interval '1 day'
     from generate_series(${from}, ${from + count - 1}) as n;`,
  scripts: {
    start: request(
      `select * from public.start_session(${session}, device => 'Chrome on Windows')`,
    ),
    heartbeat: request(`select * from public.heartbeat_session(${session})`),
    complete: request(`select * from public.complete_session(${session})`),
    end: request(`select * from public.end_session(${session})`),
    refusal: request(`select bench.is_refused(${other})`),
    takeover: request(
      `select * from public.start_session(${other}, true, 'Chrome on Windows')`,
    ),
    guard: request(insertAnswers("")),
    guard_100: request(insertAnswers("from generate_series(1, 100)")),
  },
};

/** Is an index on expires_at worth its price? */
export const indexed: Party = {
  ...ours,
  name: "ours, with an index on expires_at",
  what:
    "this component and an index for the reaper, which shared plans of this kind have: each heartbeat then writes the index, too",
  setUp: `${ours.setUp}
    create index active_interview_sessions_expires_at
      on public.active_interview_sessions (expires_at);`,
  scripts: { start: ours.scripts.start, heartbeat: ours.scripts.heartbeat },
};
