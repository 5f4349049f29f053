begin;
\ir ../helpers.psql
select plan(3);

-- given: sessions that ended within the last day, and one that ended before
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
select pg_temp.create_users('ada');
select pg_temp.add_ended_session('ada', 'ended ' || ago, now() - ago - interval '1 minute', now() - ago, end_reason)
from (
  values
    (interval '25 hours', 'cleared'),
    (interval '23 hours', 'completed'),
    (interval '10 hours', 'completed'),
    (interval '9 hours', 'expired'),
    (interval '8 hours', 'timed_out'),
    (interval '7 hours', 'taken_over'),
    (interval '6 hours', 'completed'),
    (interval '5 hours', 'revoked')
) as ended (ago, end_reason);
-- and runs before and within the last day and the last hour
insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took) values
  (now() - interval '25 hours', 'service_role', 1000, 7, 0, '1 second'),
  (now() - interval '23 hours', 'service_role', 100, 7, 0, '1 second'),
  (now() - interval '61 minutes', 'service_role', 20, 7, 0, '1 second'),
  (now() - interval '30 minutes', 'service_role', 3, 7, 0, '1 second'),
  (now() - interval '1 minute', 'service_role', 0, 2, 0, '1 second');

-- when
create temp table before as select clock_timestamp() as at;
create temp table health as select * from public.session_health();
create temp table after as select clock_timestamp() as at;

-- then
select is(
  ended_last_day,
  '{"completed": 3, "expired": 1, "timed_out": 1, "taken_over": 1, "revoked": 1}'::jsonb,
  'M14: it counts the sessions that ended within the last day by reason'
)
from health;

select results_eq(
  'select reaped_last_hour, reaped_last_day from health',
  'values (3::bigint, 123::bigint)',
  'M14: it counts the sessions reaped within the last hour and the last day'
);

select results_eq(
  $$ select last_reap_failed, last_reap_age between before.at - last_reap_at and after.at - last_reap_at
    from health, before, after $$,
  'values (2, true)',
  'M14: it says how many sessions the last run failed to reap, and when it was'
);

select * from finish();
rollback;
