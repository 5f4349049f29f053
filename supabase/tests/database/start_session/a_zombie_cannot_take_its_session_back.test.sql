-- A tab that slept through a takeover repeats its start.
begin;
\ir ../helpers.psql
select plan(4);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('zombie');
create temp table successor as select * from public.start_session('successor', takeover => true);

-- when
select throws_ok(
  $$ select public.start_session('zombie') $$,
  'PT410',
  'This interview was continued in another window or on another device.',
  'B4: it learns that it is over, not that it could take over'
);

select throws_ok(
  $$ select public.start_session('zombie', takeover => true) $$,
  'PT410',
  'This interview was continued in another window or on another device.',
  'B4: even with takeover'
);

-- then
select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from successor',
  'B4: the successor is unchanged'
);

select results_eq(
  $$ select session_id, end_reason from pg_temp.history('ada') $$,
  $$ values ('zombie', 'taken_over') $$,
  'B7: the zombie has one row in the history'
);

select * from finish();
rollback;
