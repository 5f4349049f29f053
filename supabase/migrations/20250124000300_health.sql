-- What an operator sees: whether the promises hold, and whether the reaper runs.


create or replace function sessions.overlapping_sessions(since timestamptz default '-infinity')
returns table (user_id uuid, session_id text, started_at timestamptz, earlier_ended_at timestamptz)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with every_session as (
    select h.user_id, h.session_id, h.fence, h.started_at, h.ended_at
    from public.interview_session_history h
    where h.ended_at >= since
    union all
    select a.user_id, a.session_id, a.fence, a.created_at, a.expires_at
    from public.active_interview_sessions a
    where a.expires_at >= since
  ),
  with_the_earlier as (
    select
      e.*,
      max(e.ended_at) over (
        partition by e.user_id
        order by e.started_at, e.fence
        rows between unbounded preceding and 1 preceding
      ) as earlier_ended_at
    from every_session e
  )
  select w.user_id, w.session_id, w.started_at, w.earlier_ended_at
  from with_the_earlier w
  where w.started_at < w.earlier_ended_at;
$$;

revoke all on function sessions.overlapping_sessions(timestamptz) from public, anon, authenticated, service_role;
comment on function sessions.overlapping_sessions(timestamptz) is
  'The sessions that began while an earlier one of the same user still lived, among those that live or have ended since then. No rows: no user ever had two live sessions.';


create or replace function sessions.session_health()
returns table (
  status text,
  reason text,
  live bigint,
  completing bigint,
  stale bigint,
  oldest_stale_age interval,
  last_reap_at timestamptz,
  last_reap_age interval,
  last_reap_failed integer,
  reaped_last_hour bigint,
  reaped_last_day bigint,
  ended_last_day jsonb,
  history_rows bigint,
  active_table_bytes bigint,
  history_table_bytes bigint,
  overlaps_found bigint
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_every interval := (select s.reap_every from sessions.settings s);
begin
  perform sessions.operator();

  select
    count(*) filter (where a.expires_at > v_now),
    count(*) filter (where a.expires_at > v_now and a.status = 'completing'),
    count(*) filter (where a.expires_at <= v_now),
    v_now - min(a.expires_at) filter (where a.expires_at <= v_now)
  into live, completing, stale, oldest_stale_age
  from public.active_interview_sessions a;

  select r.ran_at, v_now - r.ran_at, r.failed
  into last_reap_at, last_reap_age, last_reap_failed
  from sessions.reaper_runs r
  order by r.id desc
  limit 1;

  select
    coalesce(sum(r.reaped) filter (where r.ran_at > v_now - interval '1 hour'), 0),
    coalesce(sum(r.reaped), 0)
  into reaped_last_hour, reaped_last_day
  from sessions.reaper_runs r
  where r.ran_at > v_now - interval '1 day';

  select coalesce(jsonb_object_agg(e.end_reason, e.sessions), '{}')
  into ended_last_day
  from (
    select h.end_reason, count(*) as sessions
    from public.interview_session_history h
    where h.ended_at > v_now - interval '1 day'
    group by h.end_reason
  ) e;

  history_rows := (select count(*) from public.interview_session_history);
  active_table_bytes := pg_total_relation_size('public.active_interview_sessions');
  history_table_bytes := pg_total_relation_size('public.interview_session_history');
  -- The last week alone, so that this stays cheap. The proof over all of the history is select * from sessions.overlapping_sessions().
  overlaps_found := (select count(*) from sessions.overlapping_sessions(v_now - interval '7 days'));

  -- The worst first. Ten intervals of the default schedule and the default lease make the promised 15 minutes.
  case
    when overlaps_found > 0 then
      status := 'critical';
      reason := format('%s sessions of the last week began while another of the same user lived: see sessions.overlapping_sessions().', overlaps_found);
    when oldest_stale_age > 10 * v_every then
      status := 'critical';
      reason := format(
        'A session that was over %s ago has not been cleaned up; the reaper last ran %s. Check the schedule that calls it.',
        date_trunc('second', oldest_stale_age), coalesce(date_trunc('second', last_reap_age) || ' ago', 'never')
      );
    when last_reap_age > 10 * v_every then
      status := 'critical';
      reason := format(
        'The reaper last ran %s ago; it should every %s. Check the schedule that calls it.',
        date_trunc('second', last_reap_age), v_every
      );
    when last_reap_age is null then
      status := 'warning';
      reason := 'The reaper has never run. Set up the schedule that calls it.';
    when last_reap_age > 3 * v_every then
      status := 'warning';
      reason := format('The reaper last ran %s ago; it should every %s.', date_trunc('second', last_reap_age), v_every);
    when last_reap_failed > 0 then
      status := 'warning';
      reason := format('The last run could not reap %s sessions; the server''s log says which and why.', last_reap_failed);
    else
      status := 'ok';
      reason := format('The reaper ran %s ago, and nothing is overdue.', date_trunc('second', last_reap_age));
  end case;

  return next;
end
$$;

revoke all on function sessions.session_health() from public, anon, authenticated, service_role;
grant execute on function sessions.session_health() to service_role;
comment on function sessions.session_health() is 'What public.session_health() does.';
