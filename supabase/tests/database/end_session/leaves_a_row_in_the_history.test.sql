begin;
\ir ../helpers.psql
select plan(7);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('before');
select from public.start_session('first', takeover => true, device => 'Chrome on Windows');
select pg_temp.age_session('ada', '2 minutes');
select from public.heartbeat_session('first');
create temp table held as select * from pg_temp.active_session('ada');
create temp table before as select clock_timestamp() as at;

-- when
create temp table ended as select * from public.end_session('first', 'completed');

-- then
select results_eq(
  'select user_id, session_id, fence, device, started_at, last_seen_at, status, previous_session_id from ended',
  'select user_id, session_id, fence, device, created_at, updated_at, status, previous_session_id from held',
  'B7: the row has what the live row had'
);

select results_eq(
  'select end_reason from ended',
  $$ values ('completed') $$,
  'B7: it has the reason given'
);

select ok(ended_at between before.at and clock_timestamp(), 'B7: it ended now by the server''s clock')
from ended, before;

select is(duration, ended_at - started_at, 'M17: it has its duration')
from ended;

select results_eq(
  $$ select * from pg_temp.history('ada') where session_id = 'first' $$,
  'select * from ended',
  'B7: the answer is what is stored'
);

select is_empty(
  $$ select * from pg_temp.active_session('ada') $$,
  'M3: there is no live session'
);

select is(previous_session_id, null, 'M3: the next start takes over nothing')
from public.start_session('next');

select * from finish();
rollback;
