begin;
\ir ../helpers.psql
select plan(7);

create function pg_temp.status_if_stale_for(how_long interval)
returns setof text
language sql
as $$
  update public.active_interview_sessions
  set deadline_at = clock_timestamp(), expires_at = clock_timestamp() - how_long
  where true;
  select status from public.session_health();
$$;

-- given: a stale session and a reaper that has just run; intervals so long that no assertion depends on how fast this runs
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
update sessions.settings set reap_every = '1 hour' where true;
create temp table reaped as select * from public.reap_stale_sessions();
select pg_temp.create_user_with_session('ada', 'left', '1 day');

-- then
select is(pg_temp.status_if_stale_for('1 hour'), 'ok', 'M7: a session that is stale for an interval is normal');
select is(pg_temp.status_if_stale_for('9 hours 30 minutes'), 'ok', 'M7: nine intervals are no alarm while the reaper runs');
select is(pg_temp.status_if_stale_for('10 hours 1 second'), 'critical', 'M7: ten intervals are critical although the reaper runs');

select matches(
  (select reason from public.session_health()),
  '^A session that was over 10:\d\d:\d\d ago has not been cleaned up; the reaper last ran \d\d:\d\d:\d\d ago\. Check the schedule that calls it\.$',
  'B2: the reason says so'
);

update sessions.settings set reap_every = '2 hours' where true;

select is(pg_temp.status_if_stale_for('10 hours 1 second'), 'ok', 'M10: a slower schedule is measured by its own interval');

-- when: there is no run at all
update sessions.settings set reap_every = '1 hour' where true;
delete from sessions.reaper_runs where true;

-- then
select is(pg_temp.status_if_stale_for('12 hours'), 'critical', 'B2: it is critical if the reaper has never run');

select matches(
  (select reason from public.session_health()),
  '^A session that was over 12:\d\d:\d\d ago has not been cleaned up; the reaper last ran never\.',
  'B2: the reason says that it never ran'
);

select * from finish();
rollback;
