-- The rows are moved into the future instead of the clock into the past.
begin;
\ir ../helpers.psql
select plan(9);

-- given
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
select pg_temp.create_users('ada');
select from public.reap_stale_sessions();
select pg_temp.authenticate_as('ada');

-- when: the clock is set back between an end and the next start, during a session that is taken over, during one that
-- ends, and before a heartbeat
select from public.start_session('one');
select from public.end_session('one');
select pg_temp.let_time_pass('ada', '-1 second');
select from public.start_session('two');
select pg_temp.let_time_pass('ada', '-1 hour');
select from public.start_session('three', takeover => true);
select pg_temp.let_time_pass('ada', '-1 hour');
select from public.end_session('three');
select from public.start_session('four');
select pg_temp.let_time_pass('ada', '-1 minute');
create temp table beaten as select * from public.heartbeat_session('four');
select pg_temp.clear_authentication();

-- then
select is_empty('select * from sessions.overlapping_sessions()', 'B7: no two sessions overlap');

select is_empty(
  $$ select session_id, duration from pg_temp.history('ada') where duration < interval '0' $$,
  'M17: no session has a negative duration'
);

select results_eq(
  'select session_id, end_reason from pg_temp.history(''ada'')',
  $$ values ('one', 'disconnected'), ('two', 'taken_over'), ('three', 'disconnected') $$,
  'B7: each has ended for its reason'
);

select is(session_id, 'four', 'M9: the clock ends no session')
from beaten;

select results_eq(
  'select status, overlaps_found from public.session_health()', $$ values ('ok', 0::bigint) $$,
  'B7: the health is ok'
);

select ok(expires_at > clock_timestamp() + interval '5 minutes', 'M10: a heartbeat takes back no lease')
from beaten;

-- when: a stale session whose lease seems to have ended before it began
update public.active_interview_sessions
set created_at = clock_timestamp() + interval '1 hour', expires_at = clock_timestamp() - interval '1 minute'
where user_id = pg_temp.user_id('ada');
create temp table reaped as select * from public.reap_stale_sessions();

-- then
select is(duration, interval '0', 'M17: the reaper gives it no negative duration')
from reaped;

-- when: the clock is set back while an administrator looks
select pg_temp.authenticate_as('ada');
select from public.start_session('five');
select pg_temp.let_time_pass('ada', '-1 hour');
select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');

-- then
select is(age_seconds, 0, 'M17: the administrators'' page shows no negative age')
from public.admin_live_sessions()
where session_id = 'five';

-- when: the sessions overlap in the order of the grants as well
select pg_temp.clear_authentication();
update public.interview_session_history set ended_fence = ended_fence + 100 where session_id = 'two';
select sessions.lift_fence();

-- then: the check is not blind
select bag_eq(
  'select session_id from sessions.overlapping_sessions()', array['three', 'four', 'five'],
  'B7: sessions that do overlap are found'
);

select * from finish();
rollback;
