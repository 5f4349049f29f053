begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('zombie');
create temp table successor as select * from public.start_session('successor', takeover => true);
create temp table history as select * from pg_temp.history('ada');

-- when
select throws_ok(
  $$ select public.heartbeat_session('zombie') $$,
  'PT410',
  'This interview was continued in another window or on another device.',
  'R10: the zombie is refused'
);

-- then
select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from successor',
  'R10: the successor''s row is unchanged'
);

select results_eq(
  $$ select * from pg_temp.history('ada') $$,
  'select * from history',
  'R10: the history is unchanged'
);

select * from finish();
rollback;
