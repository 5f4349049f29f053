begin;
\ir ../helpers.psql
select plan(8);

-- given: an interview whose time is up
select pg_temp.create_users('ada');
update sessions.settings set max_duration = '5 minutes' where true;
select pg_temp.authenticate_as('ada');
select from public.start_session('first', interview_id => 'exam');
select pg_temp.let_time_pass('ada', '5 minutes');
create temp table interview as select * from pg_temp.interview('ada', 'exam');
create temp table before as select * from pg_temp.all_rows();
grant select on before to authenticated;

-- when
create temp table refusal as
select * from pg_temp.refusal_of($$ select public.start_session('second', interview_id => 'exam') $$);

-- then
select results_eq(
  'select code, message, hint from refusal',
  $$ values ('PT410', 'The time for this interview is up.', 'This interview_id is over. No session can be started for it.') $$,
  'C1: a start is refused'
);

select results_eq(
  $$ select
      detail ->> 'session_id', detail ->> 'interview_id', detail ->> 'end_reason', (detail ->> 'ended_at')::timestamptz,
      (select count(*) from jsonb_object_keys(detail))
    from refusal $$,
  $$ select 'second', 'exam', 'timed_out', deadline_at, 4::bigint from interview $$,
  'C1: the detail names the interview, and says since when'
);

select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'C1: the refusal changes nothing');

select is(
  pg_temp.answer_of($$ select public.start_session('second', true, 'Chrome', 'exam') $$) ->> 'message',
  'The time for this interview is up.',
  'C1: takeover makes no difference'
);

-- when
select pg_temp.reap_and_prune();

-- then
select results_eq(
  $$ select * from pg_temp.refusal_of($$ || quote_literal($$ select public.start_session('second', interview_id => 'exam') $$) || ')',
  'select * from refusal',
  'B1: it is the same after the reaper has run'
);

select is(end_reason, 'timed_out', 'C1: its session timed out')
from pg_temp.history('ada');

select is(session_id, 'third', 'C1: another interview can be started')
from public.start_session('third', interview_id => 'another exam');

select is(
  pg_temp.answer_of($$ select public.start_session('fourth', interview_id => 'exam') $$) ->> 'code',
  'PT410',
  'C1: while another session is live, the interview is refused and not the session'
);

select * from finish();
rollback;
