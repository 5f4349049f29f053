begin;
\ir ../helpers.psql
select plan(4);

-- given: a stale session that cannot be moved, and a reaper that runs
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
update sessions.settings set reap_every = '1 hour' where true;
select pg_temp.create_user_with_session('ada', 'bad', '2 hours');
alter table public.interview_session_history add constraint cannot_be_moved check (session_id <> 'bad');

-- when
select from public.reap_stale_sessions();

-- then
select results_eq(
  'select status, reason from public.session_health()',
  $$ values ('warning', 'The last run could not reap 1 sessions; the server log says why.') $$,
  'M14: the run that failed is a warning'
);

-- when: the next run does not try it
select from public.reap_stale_sessions();

-- then
select results_eq(
  'select status, reason from public.session_health()',
  $$ values ('warning', '1 stale sessions could not be reaped and are tried again later; the server log says why.') $$,
  'M14: it stays a warning as long as the session waits for its next attempt'
);

-- when: more than ten intervals pass
update sessions.settings set reap_every = '5 minutes' where true;

-- then
select matches(
  (select status || ': ' || reason from public.session_health()),
  '^critical: 1 stale sessions cannot be reaped, the oldest for 01:5\d:\d\d; their users cannot start\. The server log says why\.$',
  'M13: then it is critical, although no run fails'
);

-- when: the cause is removed, and the next attempt is due
alter table public.interview_session_history drop constraint cannot_be_moved;
update sessions.reap_failures set retry_at = now() where true;
select from public.reap_stale_sessions();

-- then
select is((select status from public.session_health()), 'ok', 'M13: after that the health is ok');

select * from finish();
rollback;
