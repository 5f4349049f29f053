-- The row of its last session may or may not have been reaped.
begin;
\ir ../helpers.psql
select plan(6);

-- given: interviews whose time is up; Ada's last session is still in the table, Ben's is not
select pg_temp.create_users('ada', 'ben');
update sessions.settings set max_duration = '5 minutes' where true;
select pg_temp.authenticate_as('ada');
select from public.start_session('first', interview_id => 'exam');
select pg_temp.authenticate_as('ben');
select from public.start_session('first', interview_id => 'exam');
select pg_temp.let_time_pass('ben', '6 minutes');
select pg_temp.reap_and_prune();
select pg_temp.let_time_pass('ada', '6 minutes');

-- when
select pg_temp.act_as('service_role');
create temp table extended as
select 'ada' as name, * from public.extend_interview(pg_temp.user_id('ada'), 'exam', '10 minutes')
union all
select 'ben', * from public.extend_interview(pg_temp.user_id('ben'), 'exam', '10 minutes');
grant select on extended to authenticated;

-- then
select is((select count(*) from extended), 2::bigint, 'C1: both are extended');

select pg_temp.clear_authentication();

select is_empty(
  $$ select * from pg_temp.active_session('ada') where expires_at > clock_timestamp() $$,
  'C1: the session that is over stays over'
);

-- when
select pg_temp.authenticate_as('ada');
create temp table adas as select * from public.start_session('second', interview_id => 'exam');
select pg_temp.authenticate_as('ben');
create temp table bens as select * from public.start_session('second', interview_id => 'exam');

-- then
select results_eq(
  'select previous_session_id, deadline_at from adas',
  $$ select 'first', deadline_at from extended where name = 'ada' $$,
  'C1: a new session continues the interview until the new deadline'
);

select results_eq(
  'select previous_session_id, deadline_at from bens',
  $$ select 'first', deadline_at from extended where name = 'ben' $$,
  'B1: reaped or not'
);

select is(end_reason, 'timed_out', 'C1: the first session timed out, whatever came later')
from pg_temp.history('ada');

select is(end_reason, 'timed_out', 'B1: reaped or not')
from pg_temp.history('ben');

select * from finish();
rollback;
