begin;
\ir ../helpers.psql
select plan(2);

-- given: heartbeats until the deadline, which has passed
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('long');
select pg_temp.age_session('ada', '4 minutes');
select from public.heartbeat_session('long');
select pg_temp.age_session('ada', '4 minutes');
select from public.heartbeat_session('long');
select pg_temp.age_session('ada', '4 minutes');
select from public.heartbeat_session('long');
select pg_temp.age_session('ada', '4 minutes');
create temp table long as select * from pg_temp.active_session('ada');

-- when
create temp table granted as select * from public.start_session('next');

-- then
select is(session_id, 'next', 'B1: a start without takeover succeeds at once')
from granted;

select results_eq(
  $$ select session_id, end_reason, ended_at, duration from pg_temp.history('ada') $$,
  $$ select 'long', 'timed_out', deadline_at, interval '15 minutes' from long $$,
  'M10: the long session timed out at its deadline'
);

select * from finish();
rollback;
