begin;
\ir ../helpers.psql
select plan(3);

-- given: one interview is extended before its session completes, the other while it does
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('first', interview_id => 'exam');
select pg_temp.authenticate_as('ben');
select from public.start_session('first', interview_id => 'exam');
select from public.complete_session('first');

select pg_temp.act_as('service_role');
create temp table adas as select * from public.extend_interview(pg_temp.user_id('ada'), 'exam', '1 hour');
create temp table bens as select * from public.extend_interview(pg_temp.user_id('ben'), 'exam', '1 hour');
grant select on adas, bens to authenticated;

-- when
select pg_temp.authenticate_as('ada');
create temp table completing as select * from public.complete_session('first');

-- then
select is(completing.deadline_at, adas.deadline_at, 'C1: complete does not shorten the extended deadline')
from completing, adas;

select pg_temp.authenticate_as('ben');

-- then
select is(again.deadline_at, bens.deadline_at, 'C1: an extension reaches a session that is completing')
from public.complete_session('first') again, bens;

-- given: a session whose grace ends after its interview
select pg_temp.clear_authentication();
update public.interviews set deadline_at = clock_timestamp() - interval '1 minute' where user_id = pg_temp.user_id('ben');
create temp table completing_later as select * from pg_temp.active_session('ben');

-- when
select pg_temp.act_as('service_role');
select from public.extend_interview(pg_temp.user_id('ben'), 'exam', '2 minutes');
select pg_temp.clear_authentication();

-- then
select results_eq(
  $$ select deadline_at from pg_temp.active_session('ben') $$, 'select deadline_at from completing_later',
  'C1: a small extension does not shorten a longer grace'
);

select * from finish();
rollback;
