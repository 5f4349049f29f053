begin;
\ir ../helpers.psql
select plan(6);

-- given: a stale session, a run more than a week ago, and one within the week
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
select pg_temp.create_user_with_session('ada', 'crashed', '6 minutes');
insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took) values
  (now() - interval '7 days 1 minute', 'long ago', 0, 0, 0, '0'),
  (now() - interval '6 days 23 hours', 'this week', 0, 0, 0, '0');

-- when: the schedule runs twice, then postgres
select pg_temp.act_as('service_role');
create temp table first as select * from public.reap_stale_sessions();
create temp table dry as select * from public.reap_stale_sessions(dry_run => true);
create temp table second as select * from public.reap_stale_sessions();
select pg_temp.clear_authentication();
create temp table third as select * from public.reap_stale_sessions();

-- then
select results_eq(
  'select ran_by, reaped, failed, pruned from sessions.reaper_runs order by id',
  $$ values ('this week', 0, 0, 0), ('service_role', 1, 0, 0), ('service_role', 0, 0, 0), ('postgres', 0, 0, 0) $$,
  'M14: each real run has a row, even if it found nothing; runs older than a week are deleted'
);

select is_empty(
  $$ select id from sessions.reaper_runs where ran_by <> 'this week' and ran_at not between now() and clock_timestamp() $$,
  'M14: the row says when the run began'
);

select is_empty(
  $$ select id from sessions.reaper_runs
    where ran_by <> 'this week' and (took < interval '0' or ran_at + took > clock_timestamp()) $$,
  'M14: and how long it took'
);

select results_eq('select session_id from first', $$ values ('crashed') $$, 'M14: the first run found the stale session');

-- given: three old runs
insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took)
select now() - interval '8 days', 'long ago', 0, 0, 0, '0' from generate_series(1, 3);

-- when, then
create temp table fourth as select * from public.reap_stale_sessions(batch_size => 2);

select is(
  (select count(*) from sessions.reaper_runs where ran_by = 'long ago'), 1::bigint,
  'M12: one run deletes a bounded number of old runs'
);

create temp table fifth as select * from public.reap_stale_sessions(batch_size => 2);

select is_empty($$ select id from sessions.reaper_runs where ran_by = 'long ago' $$, 'M13: the next run deletes the rest');

select * from finish();
rollback;
