-- An operator's questions about interview sessions, one statement each. None of them changes anything.
--
-- Run as postgres: paste one into the SQL editor, or run all with psql -f scripts/health.sql "$DATABASE_URL".
-- Times are the server's. A session is live until its expires_at; from then on it is stale until it is reaped, and blocks nobody.


-- 1. Is everything all right? One row: status is ok, warning or critical, and reason says why and what to do.
select *
from public.session_health();


-- 2. Which sessions are live, how old are they, and how long does each last without another heartbeat? silent_seconds beyond
-- two heartbeats (sessions.settings.heartbeat_every) means a bad network or a crash.
select
  a.user_id,
  a.session_id,
  a.interview_id,
  a.device,
  a.status,
  round(extract(epoch from clock_timestamp() - a.created_at) / 60, 1) as age_minutes,
  round(extract(epoch from clock_timestamp() - a.updated_at)) as silent_seconds,
  round(extract(epoch from a.expires_at - clock_timestamp())) as seconds_left,
  round(extract(epoch from a.deadline_at - clock_timestamp())) as seconds_to_deadline
from public.active_interview_sessions a
where a.expires_at > clock_timestamp()
order by a.created_at;


-- 3. Which sessions are overdue: over, and not yet reaped? Rows that stay for more than a few minutes mean that the reaper does
-- not run (see 5), or that it cannot move them: then tried_again_at says when it tries again, and the server log says why not.
-- By hand: select * from public.reap_stale_sessions();
select
  a.user_id,
  a.session_id,
  a.interview_id,
  a.device,
  a.status,
  sessions.stale_reason(a.expires_at, a.deadline_at) as will_end_as,
  a.expires_at as over_since,
  round(extract(epoch from clock_timestamp() - a.expires_at) / 60, 1) as overdue_minutes,
  f.retry_at as tried_again_at
from public.active_interview_sessions a
left join sessions.reap_failures f on f.fence = a.fence
where a.expires_at <= clock_timestamp()
order by a.expires_at;


-- 4. What would the reaper move now? Without dry_run, this statement reaps by hand.
select
  r.user_id,
  r.session_id,
  r.end_reason,
  r.ended_at
from public.reap_stale_sessions(batch_size => 1000, dry_run => true) r
order by r.ended_at;


-- 5. How well does the reaper work, hour by hour over the last day? If an hour has fewer runs than 60 minutes / reap_every, or a
-- longest_gap of many minutes, the schedule fails or is late. If failed is not 0, the server log says why. orphaned sessions had
-- no user any more. since_last_run of the current hour shows whether the reaper runs now.
with hours as (
  select generate_series(date_trunc('hour', now()) - interval '23 hours', date_trunc('hour', now()), interval '1 hour') as hour
),
runs as (
  select
    r.*,
    date_trunc('hour', r.ran_at) as hour,
    r.ran_at - lag(r.ran_at) over (order by r.ran_at, r.id) as gap
  from sessions.reaper_runs r
)
select
  h.hour,
  count(r.id) as runs,
  max(r.gap) as longest_gap,
  coalesce(sum(r.reaped), 0) as reaped,
  coalesce(sum(r.failed), 0) as failed,
  coalesce(sum(r.orphaned), 0) as orphaned,
  coalesce(sum(r.pruned), 0) as pruned,
  max(r.took) as slowest,
  case when h.hour = date_trunc('hour', now()) then now() - (select max(l.ran_at) from sessions.reaper_runs l) end as since_last_run
from hours h
left join runs r on r.hour = h.hour
group by h.hour
order by h.hour desc;


-- 6. How did sessions end, by day and reason, over the last two weeks? Many expired: browsers crash, or heartbeats do not arrive.
-- Many timed_out: interviews reach max_duration. Many taken_over or cleared: users find sessions left over.
select
  h.ended_at::date as day,
  h.end_reason,
  count(*) as sessions,
  round(100.0 * count(*) / sum(count(*)) over (partition by h.ended_at::date), 1) as percent_of_day
from public.interview_session_history h
where h.ended_at >= current_date - 13
group by h.ended_at::date, h.end_reason
order by day desc, sessions desc, h.end_reason;


-- 7. How long do sessions last, by reason, over the last two weeks? If the median of expired is near the lease, pages crash at
-- the start.
select
  h.end_reason,
  count(*) as sessions,
  percentile_cont(0.5) within group (order by h.duration) as median,
  percentile_cont(0.95) within group (order by h.duration) as p95,
  max(h.duration) as longest
from public.interview_session_history h
where h.ended_at >= current_date - 13
group by h.end_reason
order by sessions desc, h.end_reason;


-- 8. Did any user ever have two live sessions at once? No rows prove that none did, for the whole history that is kept. A row
-- means that something other than the functions writes the tables: find out what. Reads the whole history.
select *
from sessions.overlapping_sessions();


-- 9. On which devices are interviews held, and how many sessions end badly there? If one device is far worse than the others,
-- look at its client.
select
  coalesce(s.device, 'unknown') as device,
  count(*) filter (where s.end_reason is null) as live,
  count(s.end_reason) as ended,
  count(*) filter (where s.end_reason in ('expired', 'timed_out')) as ended_badly
from (
  select a.device, null as end_reason
  from public.active_interview_sessions a
  where a.expires_at > clock_timestamp()
  union all
  select h.device, h.end_reason
  from public.interview_session_history h
  where h.ended_at >= current_date - 13
) s
group by coalesce(s.device, 'unknown')
order by count(*) desc, device;


-- 10. Who took over five times or more in the last week? Two people share an account, or a client takes over without asking.
select
  h.user_id,
  count(*) as taken_over,
  max(h.ended_at) as last_time,
  array_agg(distinct coalesce(h.device, 'unknown')) as from_devices
from public.interview_session_history h
where h.end_reason = 'taken_over'
  and h.ended_at > now() - interval '7 days'
group by h.user_id
having count(*) >= 5
order by taken_over desc, h.user_id;


-- 11. Which interviews have time left, or were submitted or timed out within the last day? interrupted: the user has no live
-- session at the moment. extended is the sum of the extensions.
select
  i.user_id,
  i.interview_id,
  case
    when i.submitted_at is not null then 'submitted'
    when a.session_id is not null then a.status
    when i.deadline_at <= clock_timestamp() then 'timed_out'
    else 'interrupted'
  end as state,
  i.started_at,
  i.deadline_at,
  round(extract(epoch from i.deadline_at - clock_timestamp()) / 60, 1) as minutes_left,
  (
    select sum(e.extended)
    from sessions.extensions e
    where e.user_id = i.user_id and e.interview_id = i.interview_id
  ) as extended,
  i.submitted_at,
  i.last_session_id
from public.interviews i
left join public.active_interview_sessions a
  on a.user_id = i.user_id and a.interview_id = i.interview_id and a.expires_at > clock_timestamp()
where i.deadline_at > now() - interval '1 day'
order by i.deadline_at, i.user_id;


-- 12. Who revoked sessions or extended interviews in the last two weeks, and why? done_by is the administrator, and null for a
-- backend or a DBA: then role says which.
select
  r.revoked_at as at,
  'revoked' as action,
  r.user_id,
  r.session_id,
  null as interview_id,
  null as extended,
  r.revoked_by as done_by,
  r.role,
  r.note
from sessions.revocations r
where r.revoked_at >= current_date - 13
union all
select
  e.extended_at,
  'extended',
  e.user_id,
  null,
  e.interview_id,
  e.extended,
  e.extended_by,
  e.role,
  e.note
from sessions.extensions e
where e.extended_at >= current_date - 13
order by at desc;


-- 13. How large are the tables? The live table should stay at a few pages. If it has far more dead than live rows for long,
-- autovacuum is held up, perhaps by a transaction left open. hot_percent of the live table should be near 100: then heartbeats
-- write no index. If it is far below, somebody has added an index, or the pages are full.
select
  t.relid::regclass as table_name,
  pg_size_pretty(pg_total_relation_size(t.relid)) as size,
  t.n_live_tup as live_rows,
  t.n_dead_tup as dead_rows,
  t.n_tup_upd as updates,
  round(100.0 * t.n_tup_hot_upd / nullif(t.n_tup_upd, 0), 1) as hot_percent,
  greatest(t.last_vacuum, t.last_autovacuum) as last_vacuum
from pg_catalog.pg_stat_user_tables t
where t.relid in (
  'public.active_interview_sessions'::regclass,
  'public.interview_session_history'::regclass,
  'public.interviews'::regclass,
  'sessions.reaper_runs'::regclass
)
order by t.relid::regclass::text;


-- 14. Which version is installed, and which settings are in force? To change one: update sessions.settings set lease = '6 minutes'
-- where is_the_row; it counts from the next grant or heartbeat. within_15_minutes: whether what a crash leaves is reaped within a
-- lease and one run of the reaper, as promised.
select
  sessions.version() as version,
  s.*,
  s.lease + s.reap_every < interval '15 minutes' as within_15_minutes
from sessions.settings s;
