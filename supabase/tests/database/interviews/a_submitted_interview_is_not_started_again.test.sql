begin;
\ir ../helpers.psql
select plan(9);

-- given: a session that was only left, and one that is submitting
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('left', interview_id => 'exam');
select from public.complete_session('left');
select from public.end_session('left', 'disconnected');

select is(submitted_at, null, 'C1: an end without submission submits nothing')
from pg_temp.interview('ada', 'exam');

select from public.start_session('first', interview_id => 'exam');
select from public.complete_session('first');

select is(submitted_at, null, 'C1: nor does a session that is still submitting')
from pg_temp.interview('ada', 'exam');

-- when
create temp table ended as select * from public.end_session('first', 'completed');

-- then
select is(interview.submitted_at, ended.ended_at, 'C1: the interview was submitted when its session ended as completed')
from pg_temp.interview('ada', 'exam') interview, ended;

select is(interview_id, 'exam', 'C1: the ended session names it')
from ended;

create temp table refusal as
select * from pg_temp.refusal_of($$ select public.start_session('second', takeover => true, interview_id => 'exam') $$);

select results_eq(
  'select code, message, hint from refusal',
  $$ values ('PT410', 'This interview was submitted.', 'This interview_id is over. No session can be started for it.') $$,
  'C1: it cannot be started again'
);

select is(
  refusal.detail,
  jsonb_build_object('session_id', 'second', 'interview_id', 'exam', 'end_reason', 'completed', 'ended_at', ended.ended_at),
  'C1: the detail says when it was submitted'
)
from refusal, ended;

-- when: the deadline passes, and an operator extends it
select pg_temp.let_time_pass('ada', '20 minutes');
select pg_temp.act_as('service_role');
select from public.extend_interview(pg_temp.user_id('ada'), 'exam', '1 hour');
select pg_temp.authenticate_as('ada');

-- then
select is(
  pg_temp.answer_of($$ select public.start_session('second', interview_id => 'exam') $$) ->> 'message',
  'This interview was submitted.',
  'C1: it stays submitted'
);

-- when: the end is sent again
create temp table interview as select * from pg_temp.interview('ada', 'exam');
select from public.end_session('first', 'completed');

-- then
select results_eq(
  $$ select * from pg_temp.interview('ada', 'exam') $$, 'select * from interview',
  'R12: a second end does not submit it again'
);

-- when: a session that was submitted after its interview's deadline, within the grace
select from public.start_session('slow', interview_id => 'another');
select pg_temp.let_time_pass('ada', '4 minutes');
select from public.complete_session('slow');
select pg_temp.let_time_pass('ada', '4 minutes');
select from public.heartbeat_session('slow');
select pg_temp.let_time_pass('ada', '4 minutes');
select from public.heartbeat_session('slow');
select pg_temp.let_time_pass('ada', '4 minutes');
select from public.end_session('slow');

-- then
select is(
  pg_temp.answer_of($$ select public.start_session('next', interview_id => 'another') $$) ->> 'message',
  'This interview was submitted.',
  'C1: a submission within the grace counts, also after the deadline'
);

select * from finish();
rollback;
