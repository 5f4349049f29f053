begin;
select plan(3);

-- given: sessions that ended in the last day, and one before that
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
insert into public.interview_session_history (
  user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status
)
select
  'aaaaaaaa-0000-4000-8000-000000000001', 's' || n, n,
  now() - ago - interval '1 minute', now() - ago, now() - ago, end_reason, 'active'
from (
  values
    (1, interval '25 hours', 'cleared'),
    (2, interval '23 hours', 'completed'),
    (3, interval '10 hours', 'completed'),
    (4, interval '9 hours', 'expired'),
    (5, interval '8 hours', 'timed_out'),
    (6, interval '7 hours', 'taken_over'),
    (7, interval '6 hours', 'completed'),
    (8, interval '5 hours', 'revoked')
) as ended (n, ago, end_reason);
-- and runs of the reaper, each that many minutes ago
insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took) values
  (now() - interval '25 hours', 'service_role', 1000, 7, 0, '1 second'),
  (now() - interval '23 hours', 'service_role', 100, 7, 0, '1 second'),
  (now() - interval '61 minutes', 'service_role', 20, 7, 0, '1 second'),
  (now() - interval '59 minutes', 'service_role', 3, 7, 0, '1 second'),
  (now() - interval '1 minute', 'service_role', 0, 2, 0, '1 second');

-- then
select is(
  (select ended_last_day from public.session_health()),
  '{"completed": 3, "expired": 1, "timed_out": 1, "taken_over": 1, "revoked": 1}'::jsonb,
  'M14: it says for each reason how many sessions ended in the last day'
);
select results_eq(
  'select reaped_last_hour, reaped_last_day from public.session_health()',
  'values (3::bigint, 123::bigint)',
  'M14: it says how many were reaped in the last hour, and in the last day'
);
select results_eq(
  $$ select last_reap_failed, date_trunc('minute', last_reap_age) from public.session_health() $$,
  $$ values (2, interval '1 minute') $$,
  'M14: of the last run, how many could not be'
);

select * from finish();
rollback;
