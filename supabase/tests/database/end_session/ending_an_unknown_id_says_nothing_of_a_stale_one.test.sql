begin;
\ir ../helpers.psql
select plan(2);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('stale');
select pg_temp.age_session('ada', '6 minutes');

select is_empty(
  $$ select * from public.end_session('never known') $$,
  'B1: there is no row for an unknown id'
);

select results_eq(
  $$ select session_id, end_reason from public.end_session('stale', 'cleared') $$,
  $$ values ('stale', 'expired') $$,
  'B1: the stale session has expired'
);

select * from finish();
rollback;
