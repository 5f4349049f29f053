begin;
select plan(2);

set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
create temp table seen as select * from public.session_health();
set local role authenticated;
set local request.jwt.claims to
  '{"sub": "dddddddd-0000-4000-8000-000000000004", "role": "authenticated", "app_metadata": {"session_admin": true}}';
create temp table shown as select * from public.admin_session_health();
reset role;

select is((select count(*) from shown), 1::bigint, 'M17: one row');
-- But for what the clock moves between two calls.
select results_eq(
  'select status, live, completing, stale, last_reap_at, last_reap_failed, ended_last_day, history_rows, overlaps_found from shown',
  'select status, live, completing, stale, last_reap_at, last_reap_failed, ended_last_day, history_rows, overlaps_found from seen',
  'M17: the same as session_health() answers'
);

select * from finish();
rollback;
