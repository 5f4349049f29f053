begin;
\ir ../helpers.psql
select plan(6);

-- given: five sessions, each in another state
delete from public.active_interview_sessions where true;
select
  pg_temp.create_user_with_session('ada', 'fresh'),
  pg_temp.create_user_with_session('ben', 'quiet', '4 minutes'),
  pg_temp.create_user_with_session('cleo', 'crashed', '6 minutes'),
  pg_temp.create_user_with_session('dan', 'crashed while completing'),
  pg_temp.create_user_with_session('eve', 'past its deadline', '4 minutes');
select pg_temp.authenticate_as('dan');
select from public.complete_session('crashed while completing');
select pg_temp.age_session('dan', '7 minutes');
-- heartbeats every 4 minutes, the last one 4 minutes ago
select pg_temp.authenticate_as('eve');
select from public.heartbeat_session('past its deadline');
select pg_temp.age_session('eve', '4 minutes');
select from public.heartbeat_session('past its deadline');
select pg_temp.age_session('eve', '4 minutes');
select from public.heartbeat_session('past its deadline');
select pg_temp.age_session('eve', '4 minutes');
select pg_temp.clear_authentication();
create temp table before as select * from public.active_interview_sessions;

-- when
select pg_temp.act_as('service_role');
create temp table reaped as select * from public.reap_stale_sessions();
select pg_temp.clear_authentication();

-- then
select bag_eq(
  'select session_id, end_reason, status from reaped',
  $$ values
    ('crashed', 'expired', 'active'),
    ('crashed while completing', 'expired', 'completing'),
    ('past its deadline', 'timed_out', 'active') $$,
  'M7: it returns the sessions it moved, and why they ended'
);

select bag_eq(
  'select * from public.active_interview_sessions',
  $$ select * from before where session_id in ('fresh', 'quiet') $$,
  'M9: live sessions are unchanged'
);

select bag_eq(
  $$ select h.* from unnest(array['ada', 'ben', 'cleo', 'dan', 'eve']) name, pg_temp.history(name) h $$,
  'select * from reaped',
  'B7: each moved session has one row in the history, the row that was returned'
);

select bag_eq(
  'select session_id, ended_at from reaped',
  $$ select session_id, expires_at from before where session_id not in ('fresh', 'quiet') $$,
  'B1: a session ended when its lease ran out, not when it was reaped'
);

select results_eq(
  $$ select ended_at, duration from reaped where session_id = 'past its deadline' $$,
  $$ select deadline_at, interval '15 minutes' from before where session_id = 'past its deadline' $$,
  'M10: a session with heartbeats to the last ended at its deadline'
);

select pg_temp.act_as('service_role');

select is_empty('select session_id from public.reap_stale_sessions()', 'M7: a second run finds nothing');

select * from finish();
rollback;
