begin;
select plan(8);

-- given: one session by lease, one by deadline, one that lives, and a row of the history past its retention
delete from public.active_interview_sessions where true;
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('bbbbbbbb-0000-4000-8000-000000000002'),
  ('cccccccc-0000-4000-8000-000000000003');
insert into public.active_interview_sessions (
  user_id, session_id, status, fence, device, created_at, updated_at, deadline_at, expires_at, previous_session_id
)
values
  (
    'aaaaaaaa-0000-4000-8000-000000000001', 'crashed', 'completing', 1, 'Chrome',
    now() - interval '8 minutes', now() - interval '6 minutes', now() + interval '7 minutes', now() - interval '1 minute', 'before'
  ),
  (
    'bbbbbbbb-0000-4000-8000-000000000002', 'long', 'active', 2, null,
    now() - interval '17 minutes', now() - interval '3 minutes', now() - interval '2 minutes', now() - interval '2 minutes', null
  ),
  (
    'cccccccc-0000-4000-8000-000000000003', 'live', 'active', 3, null,
    now(), now(), now() + interval '15 minutes', now() + interval '5 minutes', null
  );
insert into public.interview_session_history (
  user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status
)
select
  'aaaaaaaa-0000-4000-8000-000000000001', 'old', 0, now() - history_retention - interval '1 day',
  now() - history_retention - interval '1 day', now() - history_retention - interval '1 day', 'completed', 'completing'
from sessions.settings;

create temp table active_before as select * from public.active_interview_sessions;
create temp table history_before as select * from public.interview_session_history;
create temp table runs_before as select * from sessions.reaper_runs;

-- when
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
create temp table shown as select * from public.reap_stale_sessions(dry_run => true);
create temp table one_shown as select * from public.reap_stale_sessions(1, true);
reset role;

-- then
select bag_eq('select * from public.active_interview_sessions', 'select * from active_before', 'M14: a dry run moves no session');
select bag_eq('select * from public.interview_session_history', 'select * from history_before', 'M14: nor does it write or prune the history');
select bag_eq('select * from sessions.reaper_runs', 'select * from runs_before', 'M14: nor does it count as a run');
select is((select count(*) from one_shown), 1::bigint, 'M14: it shows no more than one batch');

-- when
set local role service_role;
create temp table reaped as select * from public.reap_stale_sessions();
reset role;

-- then
select bag_eq('select * from reaped', 'select * from shown', 'M14: a real run returns just what was shown');
select bag_eq(
  'select session_id from reaped', $$ values ('crashed'), ('long') $$,
  'M14: which are the stale ones'
);
select results_eq(
  'select session_id from public.active_interview_sessions', $$ values ('live') $$,
  'and a real run does move them'
);
select is_empty(
  $$ select from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' and session_id = 'old' $$,
  'and prune the history'
);

select * from finish();
rollback;
