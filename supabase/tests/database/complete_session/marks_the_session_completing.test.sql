begin;
\ir ../helpers.psql
select plan(7);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first', device => 'Chrome on Windows');
select pg_temp.age_session('ada', '2 minutes');
create temp table held as select * from pg_temp.active_session('ada');
create temp table before as select clock_timestamp() as at;

-- when
create temp table completing as select * from public.complete_session('first');

-- then
select is(status, 'completing', 'M4: it is completing')
from completing;

select ok(updated_at between before.at and clock_timestamp(), 'it counts as a heartbeat, now by the server''s clock')
from completing, before;

select is(expires_at, updated_at + interval '5 minutes', 'M4: its lease is renewed')
from completing;

select is(deadline_at, updated_at + interval '15 minutes', 'M4: it has 15 minutes from now to submit')
from completing;

select results_eq(
  'select user_id, session_id, fence, device, created_at, previous_session_id from completing',
  'select user_id, session_id, fence, device, created_at, previous_session_id from held',
  'M4: it is the same session'
);

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from completing',
  'M4: the answer is what is stored'
);

select is_empty(
  $$ select * from pg_temp.history('ada') $$,
  'M4: no session has ended'
);

select * from finish();
rollback;
