-- A crash, a reload, a takeover and a change of device give no more time.
begin;
\ir ../helpers.psql
select plan(8);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table first as select * from public.start_session('first', interview_id => 'exam', device => 'Chrome on Windows');

-- then
select is(deadline_at, created_at + interval '15 minutes', 'C1: the first session sets the deadline')
from first;

select is(interview_id, 'exam', 'C1: the session names the interview')
from first;

select results_eq(
  $$ select user_id, interview_id, started_at, deadline_at, submitted_at, last_session_id from pg_temp.interview('ada', 'exam') $$,
  $$ select user_id, 'exam', created_at, deadline_at, null::timestamptz, 'first' from first $$,
  'C1: the interview begins with it'
);

-- when: after a minute, another device takes over
select pg_temp.let_time_pass('ada', '1 minute');
create temp table deadline as select deadline_at from pg_temp.interview('ada', 'exam');
create temp table taken_over as
select * from public.start_session('second', takeover => true, device => 'Safari on iPhone', interview_id => 'exam');

-- then
select is(taken_over.deadline_at, deadline.deadline_at, 'C1: a takeover gets the time that is left')
from taken_over, deadline;

-- when: after another minute, the page is reloaded
select pg_temp.let_time_pass('ada', '1 minute');
create temp table deadline_at_reload as select deadline_at from pg_temp.interview('ada', 'exam');
select from public.end_session('second', 'disconnected');
create temp table reloaded as select * from public.start_session('third', interview_id => 'exam');

-- then
select is(reloaded.deadline_at, deadline_at_reload.deadline_at, 'C1: so does a reload')
from reloaded, deadline_at_reload;

-- when: the browser crashes, and the lease runs out
select pg_temp.let_time_pass('ada', '6 minutes');
create temp table deadline_after_crash as select deadline_at from pg_temp.interview('ada', 'exam');
create temp table after_crash as select * from public.start_session('fourth', interview_id => 'exam');

-- then
select is(after_crash.deadline_at, deadline_after_crash.deadline_at, 'C1: so does a start after a crash')
from after_crash, deadline_after_crash;

-- when: five minutes and a heartbeat later, little is left
select pg_temp.let_time_pass('ada', '4 minutes');
create temp table beaten as select * from public.heartbeat_session('fourth');

-- then
select is(expires_at, deadline_at, 'C1: a heartbeat renews the lease no further than that')
from beaten;

-- when: a crash in the last minutes
select pg_temp.age_session('ada', '6 minutes');
create temp table last as select * from public.start_session('fifth', interview_id => 'exam');

-- then
select is(last.expires_at, interview.deadline_at, 'C1: nor does a new lease')
from last, pg_temp.interview('ada', 'exam') interview;

select * from finish();
rollback;
