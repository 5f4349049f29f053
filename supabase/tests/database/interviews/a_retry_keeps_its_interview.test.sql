begin;
\ir ../helpers.psql
select plan(5);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first', interview_id => 'exam');
create temp table interview as select * from pg_temp.interview('ada', 'exam');

-- when: the start is sent again
create temp table retried as select * from public.start_session('first', interview_id => 'exam');

-- then
select results_eq(
  'select fence, interview_id, deadline_at, previous_session_id from retried',
  $$ select granted.fence, 'exam', granted.deadline_at, null::text from granted $$,
  'B6: it is the same session of the same interview'
);

-- when, then: with another interview it is no retry
select is(
  pg_temp.answer_of(format('select public.start_session(%L, interview_id => %L)', 'first', interview_id)) ->> 'message',
  'interview_id must be that of the call that started this session.',
  'C1: a live session is never taken for one of another interview'
)
from (values ('another exam'), (null)) as interviews (interview_id);

select results_eq(
  $$ select * from pg_temp.interview('ada', 'exam') $$, 'select * from interview',
  'B6: the interview is unchanged'
);

select is_empty($$ select * from pg_temp.interview('ada', 'another exam') $$, 'B6: no other interview has begun');

select * from finish();
rollback;
