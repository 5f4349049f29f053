-- The answer to a start is lost, and the client repeats it.
begin;
\ir ../helpers.psql
select plan(6);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first', device => 'Chrome on Windows');

select pg_temp.age_session('ada', '2 minutes');
create temp table held as select * from pg_temp.active_session('ada');

-- when
create temp table retried as select * from public.start_session('first', device => 'Safari on iPhone');

-- then
select is(retried.fence, granted.fence, 'R3: it is the same grant, with the same fence')
from retried, granted;

select results_eq(
  'select user_id, session_id, status, fence, device, created_at, deadline_at, previous_session_id from retried',
  'select user_id, session_id, status, fence, device, created_at, deadline_at, previous_session_id from held',
  'B6: only the lease changes, not even the device'
);

select ok(retried.updated_at >= held.updated_at + interval '2 minutes', 'B6: the retry counts as a heartbeat')
from retried, held;

select is(retried.expires_at, retried.updated_at + interval '5 minutes', 'B6: the retry renews the lease')
from retried;

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from retried',
  'R3: the answer is what is stored'
);

select is_empty(
  $$ select * from pg_temp.history('ada') $$,
  'R3: no session has ended'
);

select * from finish();
rollback;
