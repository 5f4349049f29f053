begin;
\ir ../helpers.psql
select plan(2);

-- when
select pg_temp.act_as('service_role');
create temp table seen as select * from public.session_health();
select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');
create temp table shown as select * from public.admin_session_health();
select pg_temp.clear_authentication();

-- then
select is((select count(*) from shown), 1::bigint, 'M17: there is one row');

-- Without the columns that change with the clock.
select results_eq(
  'select status, live, completing, stale, last_reap_at, last_reap_failed, ended_last_day, history_rows, overlaps_found from shown',
  'select status, live, completing, stale, last_reap_at, last_reap_failed, ended_last_day, history_rows, overlaps_found from seen',
  'M17: it is what session_health() answers'
);

select * from finish();
rollback;
