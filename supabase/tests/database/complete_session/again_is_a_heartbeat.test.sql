begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first');
select from public.complete_session('first');
select pg_temp.age_session('ada', '2 minutes');
create temp table held as select * from pg_temp.active_session('ada');

-- when
create temp table again as select * from public.complete_session('first');

-- then
select is(expires_at, updated_at + interval '5 minutes', 'B6: it renews the lease')
from again;

select results_eq(
  'select session_id, status, fence, created_at, deadline_at from again',
  'select session_id, status, fence, created_at, deadline_at from held',
  'B6: it changes neither the deadline nor anything else'
);

select ok(again.updated_at >= held.updated_at + interval '2 minutes', 'B6: it counts as a heartbeat')
from again, held;

select * from finish();
rollback;
