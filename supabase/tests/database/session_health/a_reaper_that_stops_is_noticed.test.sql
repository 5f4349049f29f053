begin;
\ir ../helpers.psql
select plan(16);

create function pg_temp.status_if_last_run_was(ago interval)
returns setof text
language sql
as $$
  update sessions.reaper_runs r
  set ran_at = clock_timestamp() - ago
  where r.id = (select max(id) from sessions.reaper_runs);
  select status from public.session_health();
$$;

-- given: no stale session, no run ever; intervals so long that no assertion depends on how fast this runs
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
update sessions.settings set reap_every = '1 hour' where true;

select results_eq(
  'select status, reason from public.session_health()',
  $$ values ('warning', 'The reaper has never run. Set up the schedule that calls it.') $$,
  'B2: a reaper that has never run is a warning'
);

-- when
create temp table dry as select * from public.reap_stale_sessions(dry_run => true);

select is((select status from public.session_health()), 'warning', 'B2: a dry run does not count');

create temp table reaped as select * from public.reap_stale_sessions();

-- then
select is((select status from public.session_health()), 'ok', 'B2: after a run the status is ok');

select matches(
  (select reason from public.session_health()),
  '^The reaper ran \d\d:\d\d:\d\d ago, and nothing is overdue\.$',
  'M14: the reason says when it ran'
);

select is(pg_temp.status_if_last_run_was('2 hours 30 minutes'), 'ok', 'B2: one or two missed runs are no alarm');
select is(pg_temp.status_if_last_run_was('3 hours 1 second'), 'warning', 'B2: three intervals without a run are a warning');

select matches(
  (select reason from public.session_health()),
  '^The reaper last ran 03:\d\d:\d\d ago; it should run every 01:00:00\.$',
  'B2: the reason says when it ran and how often it should'
);

select is(pg_temp.status_if_last_run_was('9 hours 30 minutes'), 'warning', 'B2: nine intervals are still a warning');
select is(pg_temp.status_if_last_run_was('10 hours 1 second'), 'critical', 'B2: ten intervals without a run are critical');

select matches(
  (select reason from public.session_health()),
  '^The reaper last ran 10:\d\d:\d\d ago; it should run every 01:00:00\. Check the schedule that calls it\.$',
  'B2: the reason says what to do'
);

-- when: the schedule is slower
update sessions.settings set reap_every = '5 hours' where true;

-- then
select is(pg_temp.status_if_last_run_was('14 hours'), 'ok', 'M10: a slower schedule is measured by its own interval');
select is(pg_temp.status_if_last_run_was('15 hours 1 second'), 'warning', 'M10: three of its intervals are a warning');
select is(pg_temp.status_if_last_run_was('49 hours'), 'warning', 'M10: nine are still a warning');
select is(pg_temp.status_if_last_run_was('50 hours 1 second'), 'critical', 'M10: ten are critical');

-- when: it runs again
create temp table reaped_again as select * from public.reap_stale_sessions();

-- then
select is((select status from public.session_health()), 'ok', 'B2: when it runs again, the status is ok');
select is(pg_temp.status_if_last_run_was('51 hours'), 'critical', 'B2: when it stops again, it is not');

select * from finish();
rollback;
