begin;
select plan(7);

-- given: a session that has been over for a while, and a reaper that has just run
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
update sessions.settings set reap_every = '60 seconds' where true;
create temp table reaped as select * from public.reap_stale_sessions();
insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
values (
  'aaaaaaaa-0000-4000-8000-000000000001', 'left', 1, now() - interval '1 hour', now() - interval '1 hour', now(), now()
);

create function pg_temp.it_has_been_over_for(a_while interval) returns setof text language sql as $$
  update public.active_interview_sessions set deadline_at = clock_timestamp(), expires_at = clock_timestamp() - a_while where true;
  select status from public.session_health();
$$;

-- then
select is(pg_temp.it_has_been_over_for('1 minute'), 'ok', 'M7: to be stale for an interval is as it should be');
select is(pg_temp.it_has_been_over_for('9 minutes 30 seconds'), 'ok', 'M7: for nine no alarm, while the reaper runs');
select is(pg_temp.it_has_been_over_for('10 minutes 1 second'), 'critical', 'M7: for ten it is critical, although the reaper runs');
select matches(
  (select reason from public.session_health()),
  '^A session that was over 00:10:\d\d ago has not been cleaned up; the reaper last ran 00:\d\d:\d\d ago\. Check the schedule that calls it\.$',
  'B2: and it says so'
);

update sessions.settings set reap_every = '2 minutes' where true;
select is(pg_temp.it_has_been_over_for('10 minutes 1 second'), 'ok', 'M10: of a slower schedule less is expected');

-- when no run is known at all
update sessions.settings set reap_every = '60 seconds' where true;
delete from sessions.reaper_runs where true;
select is(pg_temp.it_has_been_over_for('2 hours'), 'critical', 'B2: the same if the reaper has never run');
select matches(
  (select reason from public.session_health()),
  '^A session that was over 02:00:\d\d ago has not been cleaned up; the reaper last ran never\.',
  'B2: and it says that, too'
);

select * from finish();
rollback;
