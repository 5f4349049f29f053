begin;
\ir ../helpers.psql
select plan(15);

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
select pg_temp.create_user_with_session('ben', 'left', '20 hours 5 minutes');
insert into sessions.reap_failures select fence, user_id, now() + interval '1 day' from public.active_interview_sessions;
select setval('sessions.fence', 100);
select
  pg_temp.create_users('ada'),
  pg_temp.add_ended_session('ada', 'first', now() - interval '9 hours', now() - interval '7 hours', fence => 201, ended_fence => 203),
  pg_temp.add_ended_session('ada', 'second', now() - interval '8 hours', now() - interval '6 hours', fence => 202, ended_fence => 204);
set local default_transaction_read_only to on;
grant truncate on table public.active_interview_sessions to anon;
insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took)
values (clock_timestamp() - interval '20 hours', 'service_role', 0, 4, 0, '0');

-- then, with one fault after another removed
select is(
  pg_temp.health(),
  'critical: 1 of the latest sessions started while another of the same user was live: see sessions.overlapping_sessions().',
  'B7: first, that two sessions of a user overlap'
);

select is((select overlaps_found from public.session_health()), 1::bigint, 'B7: and how many do');

update public.interview_session_history set started_at = now() - interval '7 hours' where session_id = 'second';

select is(
  pg_temp.health(),
  'critical: The next fence would be 101, but 204 was already used: fences must only grow. Run: select sessions.lift_fence();',
  'B4: then, that the next fence would be too low'
);

select sessions.lift_fence();

select is(
  pg_temp.health(),
  'critical: The database is read-only: no session can be started or renewed. Check the disk space of the project.',
  'B2: then, that the database is read-only'
);

set local default_transaction_read_only to off;

select is(
  pg_temp.health(),
  'critical: API roles have privileges that the migrations do not grant: anon on public.active_interview_sessions. Apply the migrations again.',
  'B8: then, that a role has too many privileges'
);

revoke truncate on table public.active_interview_sessions from anon;
alter table public.interviews disable row level security;

select is(
  pg_temp.health(),
  'critical: Row level security is off: every user reads all rows of public.interviews. Apply the migrations again.',
  'M8: then, that the tables are not protected'
);

alter table public.interviews enable row level security;

select matches(
  pg_temp.health(),
  '^critical: 1 stale sessions cannot be reaped, the oldest for 20:\d\d:\d\d; their users cannot start\. The server log says why\.$',
  'M13: then, that a session cannot be moved'
);

delete from sessions.reap_failures where true;

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
  'warning: The last run could not reap 4 sessions; the server log says why.',
  'M14: then, that the last run failed to reap some sessions'
);

insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took) values (clock_timestamp(), 'service_role', 4, 0, 0, '0');

select is((select status from public.session_health()), 'ok', 'M14: a failure that the next run makes good is no alarm');

select pg_temp.create_user_with_session('cleo', 'waits', '6 minutes');
insert into sessions.reap_failures select fence, user_id, now() + interval '2 minutes' from public.active_interview_sessions;

select is(
  pg_temp.health(),
  'warning: 1 stale sessions could not be reaped and are tried again later; the server log says why.',
  'M13: a session that waits for its next attempt is a warning'
);

delete from public.active_interview_sessions where true;

-- when: the overlap is more than a week old
update public.interview_session_history
set started_at = started_at - interval '8 days', ended_at = ended_at - interval '8 days'
where true;
update public.interview_session_history set started_at = started_at - interval '1 hour' where session_id = 'second';

-- then
select results_eq(
  'select status, overlaps_found, (select count(*) from sessions.overlapping_sessions()) from public.session_health()',
  $$ values ('ok', 0::bigint, 1::bigint) $$,
  'B7: it is no alarm, but overlapping_sessions() finds it'
);

-- when: there is no settings row, so that nothing else can be judged
alter table sessions.settings disable trigger keep_row;
delete from sessions.settings where true;

-- then
select is(
  pg_temp.health(),
  'critical: The health could not be determined: sessions.settings has no row. Nothing was changed. (55000)',
  'B2: and whatever keeps it from being determined is critical'
);

select * from finish();
rollback;
