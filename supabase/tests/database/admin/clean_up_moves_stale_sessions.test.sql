begin;
\ir ../helpers.psql
select plan(4);

-- given: Ada's session is stale, Ben's is live
delete from public.active_interview_sessions where true;
select
  pg_temp.create_user_with_session('ada', 'ada''s', '6 minutes'),
  pg_temp.create_user_with_session('ben', 'ben''s');

-- when
select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');
create temp table cleaned_up as select * from public.admin_reap_stale_sessions();

-- then
select results_eq(
  'select session_id, end_reason from cleaned_up', $$ values ('ada''s', 'expired') $$,
  'M17: the stale session is moved'
);
select is((select session_id from pg_temp.active_session('ben')), 'ben''s', 'M8: the live one is not');
select throws_ok(
  'select public.admin_reap_stale_sessions(10001)', '22023', 'batch_size must be from 1 to 10000.',
  'M17: the batch is bounded'
);

select pg_temp.clear_authentication();
select results_eq(
  'select ran_by, reaped from sessions.reaper_runs order by ran_at desc, id desc limit 1',
  $$ values ('authenticated', 1) $$,
  'M14: the run is recorded'
);

select * from finish();
rollback;
