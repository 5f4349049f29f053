begin;
\ir ../helpers.psql
select plan(5);

-- given: an hour for the interview, and a grace of 15 minutes
select pg_temp.create_users('ada');
update sessions.settings set max_duration = '1 hour' where true;
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first', interview_id => 'exam');

-- when
create temp table completing as select * from public.complete_session('first');

-- then
select is(completing.deadline_at, granted.deadline_at, 'C1: who submits early keeps the time that is left')
from completing, granted;

select results_eq(
  $$ select status, expires_at - updated_at from completing $$,
  $$ values ('completing', interval '5 minutes') $$,
  'M4: it is completing, and its lease is renewed'
);

-- given: ten minutes are left
select from public.end_session('first', 'disconnected');
select from public.start_session('second', interview_id => 'exam');
select pg_temp.clear_authentication();
update public.interviews set deadline_at = clock_timestamp() + interval '10 minutes' where user_id = pg_temp.user_id('ada');
update public.active_interview_sessions
set deadline_at = clock_timestamp() + interval '10 minutes'
where user_id = pg_temp.user_id('ada');
create temp table ten_minutes_left as select * from pg_temp.interview('ada', 'exam');
grant select on ten_minutes_left to authenticated;
select pg_temp.authenticate_as('ada');

-- when
create temp table completing_late as select * from public.complete_session('second');

-- then
select is(deadline_at, updated_at + interval '15 minutes', 'M4: who submits late gets the grace')
from completing_late;

select results_eq(
  $$ select deadline_at from pg_temp.interview('ada', 'exam') $$,
  'select deadline_at from ten_minutes_left',
  'C1: the grace is the session''s; the deadline of the interview does not move'
);

-- when: another device takes over while it submits
create temp table taken_over as select * from public.start_session('third', takeover => true, interview_id => 'exam');

-- then
select is(taken_over.deadline_at, ten_minutes_left.deadline_at, 'C1: nor is the grace inherited')
from taken_over, ten_minutes_left;

select * from finish();
rollback;
