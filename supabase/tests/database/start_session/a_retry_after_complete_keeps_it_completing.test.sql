-- A start that arrives late, after the client has called complete_session.
begin;
\ir ../helpers.psql
select plan(2);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first');
create temp table completing as select * from public.complete_session('first');

-- when
create temp table retried as select * from public.start_session('first');

-- then
select is(retried.status, 'completing', 'B6: it is still completing')
from retried;

select results_eq(
  'select fence, created_at, deadline_at from retried',
  'select fence, created_at, deadline_at from completing',
  'B6: it is the same session, with the same deadline'
);

select * from finish();
rollback;
