begin;
\ir ../helpers.psql
select plan(9);

-- given: an expired session, one past its deadline, a live one, and a history row past its retention
delete from public.active_interview_sessions where true;
select
  pg_temp.create_user_with_session('ada', 'crashed', '6 minutes'),
  pg_temp.create_user_with_session('ben', 'long'),
  pg_temp.create_user_with_session('cleo', 'live');
update public.active_interview_sessions
set status = 'completing', device = 'Chrome', previous_session_id = 'before'
where session_id = 'crashed';
update public.active_interview_sessions
set created_at = created_at - interval '16 minutes', deadline_at = deadline_at - interval '16 minutes', expires_at = deadline_at - interval '16 minutes'
where session_id = 'long';
select pg_temp.add_ended_session('ada', 'old', now() - history_retention - interval '1 day', now() - history_retention - interval '1 day')
from sessions.settings;

create temp table active_before as select * from public.active_interview_sessions;
create temp table history_before as select * from public.interview_session_history;
create temp table runs_before as select * from sessions.reaper_runs;

-- when
select pg_temp.act_as('service_role');
create temp table shown as select * from public.reap_stale_sessions(dry_run => true);
create temp table one_shown as select * from public.reap_stale_sessions(1, true);
select pg_temp.clear_authentication();

-- then
select bag_eq('select * from public.active_interview_sessions', 'select * from active_before', 'M14: a dry run moves no session');
select bag_eq('select * from public.interview_session_history', 'select * from history_before', 'M14: nor does it write or prune the history');
select bag_eq('select * from sessions.reaper_runs', 'select * from runs_before', 'M14: nor does it count as a run');
select is((select count(*) from one_shown), 1::bigint, 'M14: it shows one batch at most');

-- when
select pg_temp.act_as('service_role');
create temp table reaped as select * from public.reap_stale_sessions();
select pg_temp.clear_authentication();

-- then
select bag_eq(
  $$ select to_jsonb(reaped) - 'ended_fence' from reaped $$,
  $$ select to_jsonb(shown) - 'ended_fence' from shown $$,
  'M14: a real run returns what was shown'
);
select is_empty('select from shown where ended_fence is not null', 'M14: except for ended_fence, which only a real run draws');
select bag_eq('select session_id from reaped', array['crashed', 'long'], 'M14: which are the stale sessions');
select results_eq('select session_id from public.active_interview_sessions', $$ values ('live') $$, 'a real run moves them');

select is_empty(
  $$ select session_id from pg_temp.history('ada') where session_id = 'old' $$,
  'and prunes the history'
);

select * from finish();
rollback;
