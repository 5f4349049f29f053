begin;
\ir ../helpers.psql
select plan(4);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table held as select * from public.start_session('held');

-- when
select is_empty(
  $$ select * from public.end_session('never known', 'completed') $$,
  'B6: there is no row'
);

-- then
select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from held',
  'B4: the live session is unchanged'
);

select is_empty(
  $$ select * from pg_temp.history('ada') $$,
  'B7: no session has ended'
);

select is(end_reason, 'completed', 'the live session can be ended by its own id')
from public.end_session('held', 'completed');

select * from finish();
rollback;
