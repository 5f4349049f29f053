begin;
select plan(8);

-- given: nothing at all
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;

select results_eq(
  'select live, completing, stale, oldest_stale_age, ended_last_day, history_rows, overlaps_found from public.session_health()',
  $$ values (0::bigint, 0::bigint, 0::bigint, null::interval, '{}'::jsonb, 0::bigint, 0::bigint) $$,
  'M14: where there is nothing it counts nothing'
);
select results_eq(
  'select last_reap_at, last_reap_age, last_reap_failed, reaped_last_hour, reaped_last_day from public.session_health()',
  'values (null::timestamptz, null::interval, null::integer, 0::bigint, 0::bigint)',
  'M14: and knows of no run'
);

-- given: two live sessions, a third that is completing; one stale for a minute, one for two and completing
insert into auth.users (id)
select format('aaaaaaaa-0000-4000-8000-00000000000%s', n)::uuid from generate_series(1, 5) n;
insert into public.active_interview_sessions (user_id, session_id, status, fence, created_at, updated_at, deadline_at, expires_at)
select
  format('aaaaaaaa-0000-4000-8000-00000000000%s', n)::uuid, 's' || n, status, n,
  now() - silent_for, now() - silent_for, now() - silent_for + interval '15 minutes', now() - silent_for + interval '5 minutes'
from (
  values
    (1, 'active', interval '0'),
    (2, 'active', interval '4 minutes'),
    (3, 'completing', interval '0'),
    (4, 'active', interval '6 minutes'),
    (5, 'completing', interval '7 minutes')
) as s (n, status, silent_for);

-- then
select results_eq(
  'select live, completing, stale from public.session_health()',
  'values (3::bigint, 1::bigint, 2::bigint)',
  'M14: it counts the live, those of them that are completing, and the stale'
);
select is(
  (select date_trunc('minute', oldest_stale_age) from public.session_health()), interval '2 minutes',
  'M14: it says since when the longest of the stale has been over'
);
select results_eq(
  $$ select active_table_bytes, history_table_bytes from public.session_health() $$,
  $$
    select
      pg_total_relation_size('public.active_interview_sessions'),
      pg_total_relation_size('public.interview_session_history')
  $$,
  'M14: it says how big the tables are, with their indexes'
);

-- when they are reaped
create temp table reaped as select * from public.reap_stale_sessions();

-- then
select results_eq(
  'select live, completing, stale, oldest_stale_age, history_rows from public.session_health()',
  'values (3::bigint, 1::bigint, 0::bigint, null::interval, 2::bigint)',
  'M14: afterwards none is stale, and the history has two rows more'
);
select results_eq(
  'select last_reap_at, last_reap_failed from public.session_health()',
  'select ran_at, failed from sessions.reaper_runs',
  'B2: it says when the reaper last ran'
);
select ok(
  (select last_reap_age between interval '0' and clock_timestamp() - now() from public.session_health()),
  'B2: and how long ago that is'
);

select * from finish();
rollback;
