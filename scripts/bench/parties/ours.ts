// This component, called as clients call it; the same for sessions of an
// interview; and the same with the index that it does without.
import type { Party } from "../party.ts";
import { request, rpc, session, sessionOf, user, userOf } from "../request.ts";

const other = `('other' || :e || '-0000-4000-8000-' || :n)`;
const device = "device => 'Chrome on Windows'";

const setUp = `
-- A run takes longer than a lease, and each heartbeat must move its end.
update sessions.settings
set lease = '1 day', max_duration = '2 days', completing_grace = '2 days'
where is_the_row;

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

-- An error ends a pgbench script, so this catches the refusal. The subtransaction counts against us.
create schema bench;
grant usage on schema bench to authenticated;
create function bench.is_refused(session_id text) returns boolean
language plpgsql as $$
begin
  perform public.start_session(session_id, ${device});
  return false;
exception
  when sqlstate 'PT409' then return true;
end
$$;
`;

const insertAnswers = (rows: string) =>
  request({
    path: "/answers",
    statement:
      `insert into public.answers (user_id, session_id, fence, answer) ` +
      `select ${user}, ${session}, :fence::bigint, 'an answer of a few words' ${rows}`,
  });

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
    start: rpc("start_session", `${session}, ${device}`),
    heartbeat: rpc("heartbeat_session", session),
    complete: rpc("complete_session", session),
    end: rpc("end_session", session),
    refusal: request({
      path: "/rpc/start_session",
      statement: `select bench.is_refused(${other})`,
    }),
    takeover: rpc("start_session", `${other}, takeover => true, ${device}`),
    guard: insertAnswers(""),
    guard_100: insertAnswers("from generate_series(1, 100)"),
  },
};

/** What one clock for all sessions of an interview costs. */
export const withInterview: Party = {
  ...ours,
  name: "ours, with an interview_id",
  what:
    "this component, where the app names the interview: the start also writes its row, and a completed end marks it as submitted",
  fill: (users) =>
    `${ours.fill(users)}
     insert into public.interviews (user_id, interview_id, started_at, deadline_at, last_session_id)
     select a.user_id, a.session_id, a.created_at, a.deadline_at, a.session_id
     from public.active_interview_sessions a
     on conflict do nothing;
     update public.active_interview_sessions set interview_id = session_id where interview_id is null;`,
  scripts: {
    // Each session is the first of a new interview.
    start: rpc(
      "start_session",
      `${session}, ${device}, interview_id => ${session}`,
    ),
    end: rpc("end_session", `${session}, 'completed'`),
  },
};

/** Is an index on expires_at worth its price? */
export const indexed: Party = {
  ...ours,
  name: "ours, with an index on expires_at",
  what:
    "this component and an index for the reaper, as other plans of this kind have it: each heartbeat then writes the index, too",
  setUp: `${ours.setUp}
    create index active_interview_sessions_expires_at
      on public.active_interview_sessions (expires_at);`,
  scripts: { start: ours.scripts.start, heartbeat: ours.scripts.heartbeat },
};
