begin;
\ir ../helpers.psql
select plan(8);

-- given: a session of the interview, two minutes before the deadline
select pg_temp.create_users('ada');
update sessions.settings set max_duration = '6 minutes' where true;
select pg_temp.authenticate_as('ada');
select from public.start_session('first', interview_id => 'exam');
select pg_temp.let_time_pass('ada', '4 minutes');
create temp table held as select * from public.heartbeat_session('first');
create temp table interview as select * from pg_temp.interview('ada', 'exam');
grant select on held, interview to service_role;

-- when
select pg_temp.act_as('service_role');
create temp table extended as select * from public.extend_interview(pg_temp.user_id('ada'), 'exam', '10 minutes', 'Fire alarm.');

-- then
select results_eq(
  'select user_id, interview_id, started_at, deadline_at, submitted_at, last_session_id from extended',
  $$ select user_id, interview_id, started_at, deadline_at + interval '10 minutes', submitted_at, last_session_id from interview $$,
  'C1: the answer is the interview, with its deadline moved and all else as it was'
);

select results_eq(
  $$ select * from pg_temp.interview('ada', 'exam') $$, 'select * from extended',
  'C1: the answer is what is stored'
);

select results_eq(
  $$ select deadline_at, expires_at - updated_at from pg_temp.active_session('ada') $$,
  $$ select deadline_at + interval '10 minutes', interval '5 minutes' from held $$,
  'C1: the live session has the new deadline, and the whole lease that the old one had cut'
);

select results_eq(
  $$ select to_jsonb(a) - array['deadline_at', 'expires_at'] from pg_temp.active_session('ada') a $$,
  $$ select to_jsonb(h) - array['deadline_at', 'expires_at'] from held h $$,
  'C1: nothing else of the session changes'
);

-- when: again
create temp table again as select * from public.extend_interview(pg_temp.user_id('ada'), 'exam', '1 minute');

-- then
select is(again.deadline_at, interview.deadline_at + interval '11 minutes', 'C1: a second extension adds to the first')
from again, interview;

-- when: ten minutes later, with heartbeats
select pg_temp.authenticate_as('ada');
select pg_temp.let_time_pass('ada', '4 minutes');
select from public.heartbeat_session('first');
select pg_temp.let_time_pass('ada', '4 minutes');
select from public.heartbeat_session('first');
select pg_temp.let_time_pass('ada', '2 minutes');

-- then
select is(session_id, 'first', 'C1: a heartbeat succeeds after the first deadline')
from public.heartbeat_session('first');

-- when
create temp table taken_over as select * from public.start_session('second', takeover => true, interview_id => 'exam');

-- then
select is(taken_over.deadline_at, interview.deadline_at, 'C1: the next session has the new deadline')
from taken_over, pg_temp.interview('ada', 'exam') interview;

select pg_temp.clear_authentication();

select results_eq(
  $$ select interview_id, extended, role, extended_by, note
    from sessions.extensions
    where user_id = pg_temp.user_id('ada')
    order by id $$,
  $$ values
    ('exam', interval '10 minutes', 'service_role', null::uuid, 'Fire alarm.'),
    ('exam', interval '1 minute', 'service_role', null, null) $$,
  'C1: each extension is recorded for the operators'
);

select * from finish();
rollback;
