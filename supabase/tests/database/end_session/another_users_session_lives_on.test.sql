begin;
\ir ../helpers.psql
select plan(5);

-- given
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('ended');
select from public.end_session('ended');
create temp table of_ada as select * from public.start_session('ada''s');

-- when
select pg_temp.authenticate_as('ben');

select is_empty(
  $$ select * from public.end_session('ada''s', 'cleared') $$,
  'R33: to Ben, Ada''s live session is unknown'
);

select is_empty(
  $$ select * from public.end_session('ended') $$,
  'R33: Ben does not learn how another of hers ended'
);

-- then
select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from of_ada',
  'M8: Ada''s session is unchanged'
);

select is_empty(
  $$ select * from pg_temp.history('ben') $$,
  'M8: Ben has no history'
);

select pg_temp.authenticate_as('ada');

select is(end_reason, 'cleared', 'M8: Ada can end it')
from public.end_session('ada''s', 'cleared');

select * from finish();
rollback;
