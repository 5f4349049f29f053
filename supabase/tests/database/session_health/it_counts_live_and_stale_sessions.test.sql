begin;
\ir ../helpers.psql
select plan(8);

-- given: nothing
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
analyze public.interview_session_history;

select results_eq(
  'select live, completing, stale, oldest_stale_age, ended_last_day, history_rows, overlaps_found from public.session_health()',
  $$ values (0::bigint, 0::bigint, 0::bigint, null::interval, '{}'::jsonb, 0::bigint, 0::bigint) $$,
  'M14: with no session all counts are 0'
);

select results_eq(
  'select last_reap_at, last_reap_age, last_reap_failed, reaped_last_hour, reaped_last_day from public.session_health()',
  'values (null::timestamptz, null::interval, null::integer, 0::bigint, 0::bigint)',
  'M14: there is no last run'
);

-- given: three live sessions, one of them completing, and two stale ones, one of them completing
select
  pg_temp.create_user_with_session('ada', 'new'),
  pg_temp.create_user_with_session('ben', 'quiet', '4 minutes'),
  pg_temp.create_user_with_session('cleo', 'completing'),
  pg_temp.create_user_with_session('dan', 'stale', '6 minutes'),
  pg_temp.create_user_with_session('eve', 'stale for longer', '7 minutes');
update public.active_interview_sessions
set status = 'completing'
where session_id in ('completing', 'stale for longer');

-- then
select results_eq(
  'select live, completing, stale from public.session_health()',
  'values (3::bigint, 1::bigint, 2::bigint)',
  'M14: it counts the live, the live and completing, and the stale sessions'
);

create temp table before as select clock_timestamp() as at;
create temp table health as select * from public.session_health();
create temp table after as select clock_timestamp() as at;

select ok(
  h.oldest_stale_age between before.at - a.expires_at and after.at - a.expires_at,
  'M14: it says how long ago the oldest stale session ended'
)
from health h, before, after, pg_temp.active_session('eve') a;

select results_eq(
  'select active_table_bytes, history_table_bytes from public.session_health()',
  $$ select
      pg_total_relation_size('public.active_interview_sessions'),
      pg_total_relation_size('public.interview_session_history') $$,
  'M14: it says how large the tables are with their indexes'
);

-- when
create temp table reaped as select * from public.reap_stale_sessions();
analyze public.interview_session_history;

-- then
select results_eq(
  'select live, completing, stale, oldest_stale_age, history_rows from public.session_health()',
  'values (3::bigint, 1::bigint, 0::bigint, null::interval, 2::bigint)',
  'M14: after a run no session is stale, and the history is estimated to have two more rows'
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
