begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first', interview_id => 'exam');
create temp table interview as select * from pg_temp.interview('ada', 'exam');

-- when: the start is sent again, also with other arguments
create temp table retried as
select * from public.start_session('first', interview_id => 'exam')
union all
select * from public.start_session('first', interview_id => 'another exam')
union all
select * from public.start_session('first');

-- then
select results_eq(
  'select fence, interview_id, deadline_at, previous_session_id from retried',
  $$ select granted.fence, 'exam', granted.deadline_at, null::text from granted, generate_series(1, 3) $$,
  'B6: it is the same session of the same interview'
);

select results_eq(
  $$ select * from pg_temp.interview('ada', 'exam') $$, 'select * from interview',
  'B6: the interview is unchanged'
);

select is_empty($$ select * from pg_temp.interview('ada', 'another exam') $$, 'B6: no other interview has begun');

select * from finish();
rollback;
