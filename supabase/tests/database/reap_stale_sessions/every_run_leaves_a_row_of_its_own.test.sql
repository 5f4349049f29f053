begin;
select plan(6);

-- given: one stale session, one run of over a week ago, and one of less
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
values (
  'aaaaaaaa-0000-4000-8000-000000000001', 'crashed', 1,
  now() - interval '6 minutes', now() - interval '6 minutes', now() + interval '9 minutes', now() - interval '1 minute'
);
insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took) values
  (now() - interval '7 days 1 minute', 'long ago', 0, 0, 0, '0'),
  (now() - interval '6 days 23 hours', 'this week', 0, 0, 0, '0');

-- when: the schedule runs twice, then a person at psql
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
create temp table first as select * from public.reap_stale_sessions();
create temp table dry as select * from public.reap_stale_sessions(dry_run => true);
create temp table second as select * from public.reap_stale_sessions();
reset role;
create temp table third as select * from public.reap_stale_sessions();

-- then
select results_eq(
  'select ran_by, reaped, failed, pruned from sessions.reaper_runs order by id',
  $$ values ('this week', 0, 0, 0), ('service_role', 1, 0, 0), ('service_role', 0, 0, 0), ('postgres', 0, 0, 0) $$,
  'M14: each run says by whom and what it did, also when it found nothing; a dry run is none; those of over a week ago are gone'
);
select is_empty(
  $$ select from sessions.reaper_runs where ran_by <> 'this week' and ran_at not between now() and clock_timestamp() $$,
  'M14: each says when'
);
select is_empty(
  $$ select from sessions.reaper_runs where ran_by <> 'this week' and (took < interval '0' or ran_at + took > clock_timestamp()) $$,
  'M14: and how long it took'
);
select results_eq(
  'select session_id from first', $$ values ('crashed') $$,
  'M14: the first run found something'
);

-- given: many old runs
insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took)
select now() - interval '8 days', 'long ago', 0, 0, 0, '0' from generate_series(1, 3);
-- when, then
create temp table fourth as select * from public.reap_stale_sessions(batch_size => 2);
select is(
  (select count(*) from sessions.reaper_runs where ran_by = 'long ago'), 1::bigint,
  'M12: one run deletes a bounded number of old ones'
);
create temp table fifth as select * from public.reap_stale_sessions(batch_size => 2);
select is_empty($$ select from sessions.reaper_runs where ran_by = 'long ago' $$, 'M13: the next goes on');

select * from finish();
rollback;
