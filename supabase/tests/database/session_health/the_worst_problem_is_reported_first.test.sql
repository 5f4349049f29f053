begin;
\ir ../helpers.psql
select plan(8);

create function pg_temp.health()
returns text
language sql
as $$
  select status || ': ' || reason from public.session_health();
$$;

-- given: everything is wrong at once
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
update sessions.settings set reap_every = '1 hour' where true;
select pg_temp.create_users('ada');
select
  pg_temp.add_ended_session('ada', 'first', now() - interval '9 hours', now() - interval '7 hours', fence => 1),
  pg_temp.add_ended_session('ada', 'second', now() - interval '8 hours', now() - interval '6 hours', fence => 2);
select pg_temp.create_user_with_session('ben', 'left', '20 hours 5 minutes');
insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took)
values (clock_timestamp() - interval '20 hours', 'service_role', 0, 4, 0, '0');

-- then, with one fault after another removed
select matches(
  pg_temp.health(),
  '^critical: 1 .* of the last week began while another of the same user lived: see sessions\.overlapping_sessions\(\)\.$',
  'B7: first, that two sessions of a user overlap'
);

select is((select overlaps_found from public.session_health()), 1::bigint, 'B7: and how many do');

update public.interview_session_history set started_at = now() - interval '7 hours' where session_id = 'second';

select matches(
  pg_temp.health(),
  '^critical: A session that was over 20:\d\d:\d\d ago has not been cleaned up',
  'M7: then, that a session is left stale'
);

delete from public.active_interview_sessions where true;

select matches(
  pg_temp.health(),
  '^critical: The reaper last ran 20:\d\d:\d\d ago; .* Check the schedule',
  'B2: then, that the reaper has stopped'
);

update sessions.reaper_runs set ran_at = clock_timestamp() - interval '5 hours' where true;

select matches(pg_temp.health(), '^warning: The reaper last ran 05:\d\d:\d\d ago', 'B2: then, that it is late');

update sessions.reaper_runs set ran_at = clock_timestamp() where true;

select is(
  pg_temp.health(),
  'warning: The last run could not reap 4 sessions; the server''s log says which and why.',
  'M14: then, that the last run failed to reap some sessions'
);

insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took) values (clock_timestamp(), 'service_role', 4, 0, 0, '0');

select is((select status from public.session_health()), 'ok', 'M14: a failure that the next run makes good is no alarm');

-- when: the overlap is more than a week old
update public.interview_session_history
set started_at = started_at - interval '8 days', ended_at = ended_at - interval '8 days', fence = 0
where true;
update public.interview_session_history set started_at = started_at - interval '1 hour' where session_id = 'second';

-- then
select results_eq(
  'select status, overlaps_found, (select count(*) from sessions.overlapping_sessions()) from public.session_health()',
  $$ values ('ok', 0::bigint, 1::bigint) $$,
  'B7: it is no alarm, but overlapping_sessions() finds it'
);

select * from finish();
rollback;
