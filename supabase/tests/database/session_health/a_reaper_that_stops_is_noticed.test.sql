begin;
select plan(16);

create function pg_temp.the_last_run_was(ago interval) returns setof text language sql as $$
  update sessions.reaper_runs r set ran_at = clock_timestamp() - ago where r.id = (select max(id) from sessions.reaper_runs);
  select status from public.session_health();
$$;

-- given: nothing stale, and no run ever
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
update sessions.settings set reap_every = '60 seconds' where true;

select results_eq(
  'select status, reason from public.session_health()',
  $$ values ('warning', 'The reaper has never run. Set up the schedule that calls it.') $$,
  'B2: a reaper that has never run is a warning'
);

-- when
create temp table dry as select * from public.reap_stale_sessions(dry_run => true);
select is((select status from public.session_health()), 'warning', 'B2: a dry run is no run');
create temp table reaped as select * from public.reap_stale_sessions();

-- then
select is((select status from public.session_health()), 'ok', 'B2: once it has run, all is well');
select matches(
  (select reason from public.session_health()), '^The reaper ran 00:\d\d:\d\d ago, and nothing is overdue\.$',
  'M14: and it says so'
);
-- Half an interval is left to a slow machine.
select is(pg_temp.the_last_run_was('2 minutes 30 seconds'), 'ok', 'B2: a call that failed, or two, are no alarm');
select is(pg_temp.the_last_run_was('3 minutes 1 second'), 'warning', 'B2: three intervals without a run are a warning');
select matches(
  (select reason from public.session_health()), '^The reaper last ran 00:03:\d\d ago; it should every 00:01:00\.$',
  'B2: which says since when, and how it should be'
);
select is(pg_temp.the_last_run_was('9 minutes 30 seconds'), 'warning', 'B2: nine are no more than that');
select is(pg_temp.the_last_run_was('10 minutes 1 second'), 'critical', 'B2: ten intervals without a run are critical');
select matches(
  (select reason from public.session_health()),
  '^The reaper last ran 00:10:\d\d ago; it should every 00:01:00\. Check the schedule that calls it\.$',
  'B2: which says what to do'
);

-- when the schedule is a slower one
update sessions.settings set reap_every = '5 minutes' where true;

-- then it is measured by that
select is(pg_temp.the_last_run_was('14 minutes'), 'ok', 'M10: of a slower schedule less is expected');
select is(pg_temp.the_last_run_was('15 minutes 1 second'), 'warning', 'M10: three of its intervals are a warning');
select is(pg_temp.the_last_run_was('49 minutes'), 'warning', 'M10: nine are no more than that');
select is(pg_temp.the_last_run_was('50 minutes 1 second'), 'critical', 'M10: ten are critical');

-- when it runs again
create temp table reaped_again as select * from public.reap_stale_sessions();
select is((select status from public.session_health()), 'ok', 'B2: when it runs again, all is well');

select is(pg_temp.the_last_run_was('51 minutes'), 'critical', 'B2: and when it stops again, it is not');

select * from finish();
rollback;
