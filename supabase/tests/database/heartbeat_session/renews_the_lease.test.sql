begin;
\ir ../helpers.psql
select plan(6);

-- given
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ben');
create temp table of_ben as select * from public.start_session('first');

select pg_temp.authenticate_as('ada');
select from public.start_session('first', device => 'Chrome on Windows');
select pg_temp.age_session('ada', '2 minutes');
create temp table held as select * from pg_temp.active_session('ada');
create temp table before as select clock_timestamp() as at;

-- when
create temp table beaten as select * from public.heartbeat_session('first');

-- then
select ok(beaten.updated_at between before.at and clock_timestamp(), 'the heartbeat is now by the server''s clock')
from beaten, before;

select is(expires_at, updated_at + interval '5 minutes', 'M10: the lease runs from the heartbeat')
from beaten;

select results_eq(
  'select user_id, session_id, status, fence, device, created_at, deadline_at, previous_session_id from beaten',
  'select user_id, session_id, status, fence, device, created_at, deadline_at, previous_session_id from held',
  'nothing else changes'
);

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from beaten',
  'the answer is what is stored'
);

select is_empty(
  $$ select * from pg_temp.history('ada') $$,
  'no session has ended'
);

select results_eq(
  $$ select * from pg_temp.active_session('ben') $$,
  'select * from of_ben',
  'M8: another user''s session with the same id is unchanged'
);

select * from finish();
rollback;
