begin;
\ir ../helpers.psql
select plan(5);

-- given: Ada's interview began ten minutes ago
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('first', interview_id => 'exam');
select pg_temp.let_time_pass('ada', '10 minutes');
create temp table interview as select * from pg_temp.interview('ada', 'exam');

-- when
create temp table another as select * from public.start_session('second', interview_id => 'another exam');
select from public.end_session('second');
create temp table without as select * from public.start_session('third');
select pg_temp.authenticate_as('ben');
create temp table bens as select * from public.start_session('first', interview_id => 'exam');

-- then
select is(deadline_at, created_at + interval '15 minutes', 'C1: another interview has its full time')
from another;

select results_eq(
  'select interview_id, previous_session_id, deadline_at - created_at from without',
  $$ values (null::text, null::text, interval '15 minutes') $$,
  'C1: so has a session without an interview, which follows no other'
);

select results_eq(
  'select previous_session_id, deadline_at - created_at from bens',
  $$ values (null::text, interval '15 minutes') $$,
  'M8: so has another user''s interview of the same id'
);

select results_eq(
  $$ select * from pg_temp.interview('ada', 'exam') $$, 'select * from interview',
  'C1: the first is unchanged'
);

-- when
select pg_temp.authenticate_as('ada');
create temp table taken as select * from public.start_session('fourth', takeover => true);

-- then
select is(previous_session_id, 'third', 'M6: without an interview a takeover names the session that it took over')
from taken;

select * from finish();
rollback;
