begin;
select plan(8);

-- given: everything is amiss at once
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
update sessions.settings set reap_every = '60 seconds' where true;
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('bbbbbbbb-0000-4000-8000-000000000002');
insert into public.interview_session_history (
  user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status
)
values
  ('aaaaaaaa-0000-4000-8000-000000000001', 'first', 1, now() - interval '9 hours', now(), now() - interval '7 hours', 'cleared', 'active'),
  ('aaaaaaaa-0000-4000-8000-000000000001', 'second', 2, now() - interval '8 hours', now(), now() - interval '6 hours', 'cleared', 'active');
insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
values (
  'bbbbbbbb-0000-4000-8000-000000000002', 'left', 3,
  now() - interval '1 hour', now() - interval '50 minutes', now() - interval '45 minutes', now() - interval '45 minutes'
);
insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took)
values (clock_timestamp() - interval '30 minutes', 'service_role', 0, 4, 0, '0');

-- then, one after another mended
select matches(
  (select status || ': ' || reason from public.session_health()),
  '^critical: 1 .* of the last week began while another of the same user lived: see sessions\.overlapping_sessions\(\)\.$',
  'B7: first, that two sessions of a user overlapped'
);
select is((select overlaps_found from public.session_health()), 1::bigint, 'B7: and how many did');

update public.interview_session_history set started_at = now() - interval '7 hours' where session_id = 'second';
select matches(
  (select status || ': ' || reason from public.session_health()), '^critical: A session that was over 00:45:\d\d ago has not been cleaned up',
  'M7: then, that a session has been left'
);

delete from public.active_interview_sessions where true;
select matches(
  (select status || ': ' || reason from public.session_health()), '^critical: The reaper last ran 00:30:\d\d ago; .* Check the schedule',
  'B2: then, that the reaper has stopped'
);

update sessions.reaper_runs set ran_at = clock_timestamp() - interval '5 minutes' where true;
select matches(
  (select status || ': ' || reason from public.session_health()), '^warning: The reaper last ran 00:05:\d\d ago',
  'B2: then, that it is late'
);

update sessions.reaper_runs set ran_at = clock_timestamp() where true;
select results_eq(
  'select status, reason from public.session_health()',
  $$ values ('warning', 'The last run could not reap 4 sessions; the server''s log says which and why.') $$,
  'M14: then, that something could not be reaped'
);

insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took) values (clock_timestamp(), 'service_role', 4, 0, 0, '0');
select is((select status from public.session_health()), 'ok', 'M14: a failure that the next run has made good is none');

-- Old overlaps are for overlapping_sessions(), which the alarm is not to read whole every time.
update public.interview_session_history
set started_at = started_at - interval '8 days', ended_at = ended_at - interval '8 days', fence = 0
where true;
update public.interview_session_history set started_at = started_at - interval '1 hour' where session_id = 'second';
select results_eq(
  'select status, overlaps_found, (select count(*) from sessions.overlapping_sessions()) from public.session_health()',
  $$ values ('ok', 0::bigint, 1::bigint) $$,
  'B7: an overlap of over a week ago is no alarm any more, but is found'
);

select * from finish();
rollback;
