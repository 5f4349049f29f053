-- What an operator sees: whether the promises hold, and whether the reaper runs.


create or replace function sessions.overlapping_sessions(since timestamptz default '-infinity')
returns table (user_id uuid, session_id text, started_at timestamptz, earlier_ended_at timestamptz)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with ended as (
    select h.user_id, h.session_id, h.fence, h.started_at, h.ended_at, h.ended_fence
    from public.interview_session_history h
    where h.ended_at >= since
  ),
  every_session as (
    select * from ended
    union all
    select a.user_id, a.session_id, a.fence, a.created_at, a.expires_at, null
    from public.active_interview_sessions a
    where a.user_id in (select e.user_id from ended e)
  )
  select later.user_id, later.session_id, later.started_at, max(earlier.ended_at)
  from every_session later
  join every_session earlier on earlier.user_id = later.user_id and earlier.fence < later.fence
  -- Both in time and in the order of grants: a clock that was set back makes no overlap.
  where later.started_at < earlier.ended_at and (earlier.ended_fence is null or later.fence < earlier.ended_fence)
  group by later.user_id, later.session_id, later.started_at;
$$;

revoke all on function sessions.overlapping_sessions(timestamptz) from public, anon, authenticated, service_role;
comment on function sessions.overlapping_sessions(timestamptz) is
  'The sessions that were granted while an earlier session of the same user was live, among those that ended since then and the live ones of their users. No rows: no user ever had two live sessions.';


do $$
begin
  if to_regtype('public.interview_session_health') is null then
    create type public.interview_session_health as (
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
    );
  end if;
end
$$;
comment on type public.interview_session_health is 'The row of session_health().';
revoke all on type public.interview_session_health from public, anon, authenticated, service_role;
grant usage on type public.interview_session_health to authenticated, service_role;


create or replace function sessions.unexpected_grants()
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select string_agg(format('%s on %s', r.rolname, c.oid::regclass), ', ' order by r.rolname, c.relname)
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    cross join pg_catalog.pg_roles r
    where r.rolname in ('anon', 'authenticated', 'service_role')
      and c.relkind in ('r', 'S')
      and (
        n.nspname = 'sessions'
        or n.nspname = 'public' and c.relname in ('active_interview_sessions', 'interview_session_history', 'interviews')
      )
      and case
        when c.relkind = 'S' then has_sequence_privilege(r.oid, c.oid, 'usage, select, update')
        else has_table_privilege(r.oid, c.oid, 'insert, update, delete, truncate, references, trigger')
          or has_table_privilege(r.oid, c.oid, 'select') and (n.nspname = 'sessions' or r.rolname = 'anon')
      end
  );
end
$$;

revoke all on function sessions.unexpected_grants() from public, anon, authenticated, service_role;
comment on function sessions.unexpected_grants() is
  'The API roles that have more on our tables and sequences than the migrations grant, as "role on object"; null if none has.';


create or replace function sessions.health()
returns public.interview_session_health
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_row public.interview_session_health;
  v_every interval;
  v_stuck bigint;
  v_history regclass;
  v_recent_since timestamptz;
  v_fence_used bigint;
  v_fence bigint;
  v_grants text;
begin
  v_every := (sessions.current_settings()).reap_every;

  select
    count(*) filter (where a.expires_at > v_now),
    count(*) filter (where a.expires_at > v_now and a.status = 'completing'),
    count(*) filter (where a.expires_at <= v_now),
    v_now - min(a.expires_at) filter (where a.expires_at <= v_now),
    count(a.reap_after),
    max(a.fence)
  into v_row.live, v_row.completing, v_row.stale, v_row.oldest_stale_age, v_stuck, v_fence_used
  from public.active_interview_sessions a;

  -- A run in the future is one of a wrong clock: it must not hide that the reaper has stopped.
  select r.ran_at, v_now - r.ran_at, r.failed
  into v_row.last_reap_at, v_row.last_reap_age, v_row.last_reap_failed
  from sessions.reaper_runs r
  where r.ran_at <= v_now
  order by r.ran_at desc, r.id desc
  limit 1;

  select
    coalesce(sum(r.reaped) filter (where r.ran_at > v_now - interval '1 hour'), 0),
    coalesce(sum(r.reaped), 0)
  into v_row.reaped_last_hour, v_row.reaped_last_day
  from sessions.reaper_runs r
  where r.ran_at > v_now - interval '1 day' and r.ran_at <= v_now;

  -- Of the history only the latest 1000 rows are read, by index, so that its size does not matter.
  -- Later than the 1001st, not as late: any number may have ended at the same instant.
  select greatest(case count(*) when 1001 then min(l.ended_at) + interval '1 microsecond' end, v_now - interval '7 days'), greatest(v_fence_used, max(l.ended_fence), max(l.fence))
  into v_recent_since, v_fence_used
  from (
    select h.ended_at, h.fence, h.ended_fence
    from public.interview_session_history h
    where h.ended_at <= v_now
    order by h.ended_at desc
    limit 1001
  ) l;

  select coalesce(jsonb_object_agg(e.end_reason, e.sessions), '{}')
  into v_row.ended_last_day
  from (
    select h.end_reason, count(*) as sessions
    from public.interview_session_history h
    where h.ended_at between greatest(v_recent_since, v_now - interval '1 day') and v_now
    group by h.end_reason
  ) e;

  v_row.overlaps_found := (select count(*) from sessions.overlapping_sessions(coalesce(v_recent_since, '-infinity')));

  v_history := 'public.interview_session_history';
  v_row.history_rows := (
    select case when c.reltuples < 0 then pg_stat_get_live_tuples(c.oid) else c.reltuples::bigint end
    from pg_catalog.pg_class c
    where c.oid = v_history
  );
  v_row.active_table_bytes := pg_total_relation_size('public.active_interview_sessions');
  v_row.history_table_bytes := pg_total_relation_size(v_history);
  -- A new sequence has the value 1 before it was drawn.
  select f.last_value - (not f.is_called)::integer into strict v_fence from sessions.fence f;
  v_grants := sessions.unexpected_grants();

  -- The worst first. Ten intervals of the default schedule and the default lease make the promised 15 minutes.
  case
    when v_row.overlaps_found > 0 then
      v_row.status := 'critical';
      v_row.reason := format(
        '%s of the latest sessions started while another of the same user was live: see sessions.overlapping_sessions().',
        v_row.overlaps_found
      );
    when v_fence < v_fence_used then
      v_row.status := 'critical';
      v_row.reason := format(
        'The next fence would be %s, but %s was already granted: fences must only grow. Run: select sessions.lift_fence();',
        v_fence + 1, v_fence_used
      );
    when current_setting('default_transaction_read_only')::boolean or pg_is_in_recovery() then
      v_row.status := 'critical';
      v_row.reason := 'The database is read-only: no session can be started or renewed. Check the disk space of the project.';
    when v_grants is not null then
      v_row.status := 'critical';
      v_row.reason := format('API roles have privileges that the migrations do not grant: %s. Apply the migrations again.', v_grants);
    when v_row.oldest_stale_age > 10 * v_every and v_stuck > 0 then
      v_row.status := 'critical';
      v_row.reason := format(
        '%s stale sessions cannot be reaped, the oldest for %s; their users cannot start. The server log says why.',
        v_stuck, date_trunc('second', v_row.oldest_stale_age)
      );
    when v_row.oldest_stale_age > 10 * v_every then
      v_row.status := 'critical';
      v_row.reason := format(
        'A session that was over %s ago has not been cleaned up; the reaper last ran %s. Check the schedule that calls it.',
        date_trunc('second', v_row.oldest_stale_age), coalesce(date_trunc('second', v_row.last_reap_age) || ' ago', 'never')
      );
    when v_row.last_reap_age > 10 * v_every then
      v_row.status := 'critical';
      v_row.reason := format(
        'The reaper last ran %s ago; it should run every %s. Check the schedule that calls it.',
        date_trunc('second', v_row.last_reap_age), v_every
      );
    when v_row.last_reap_age is null then
      v_row.status := 'warning';
      v_row.reason := 'The reaper has never run. Set up the schedule that calls it.';
    when v_row.last_reap_age > 3 * v_every then
      v_row.status := 'warning';
      v_row.reason := format('The reaper last ran %s ago; it should run every %s.', date_trunc('second', v_row.last_reap_age), v_every);
    when v_row.last_reap_failed > 0 then
      v_row.status := 'warning';
      v_row.reason := format('The last run could not reap %s sessions; the server log says why.', v_row.last_reap_failed);
    when v_stuck > 0 then
      v_row.status := 'warning';
      v_row.reason := format('%s stale sessions could not be reaped and are tried again later; the server log says why.', v_stuck);
    else
      v_row.status := 'ok';
      v_row.reason := format('The reaper ran %s ago, and nothing is overdue.', date_trunc('second', v_row.last_reap_age));
  end case;

  return v_row;
exception
  when others then
    -- Never ok with a figure missing.
    v_row.status := 'critical';
    v_row.reason := format('The health could not be determined: %s (%s)', sqlerrm, sqlstate);
    return v_row;
end
$$;

revoke all on function sessions.health() from public, anon, authenticated, service_role;
comment on function sessions.health() is 'Measures the health, whoever asks; the callers check who may.';


create or replace function sessions.session_health()
returns setof public.interview_session_health
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.operator();
  return next sessions.health();
end
$$;

revoke all on function sessions.session_health() from public, anon, authenticated, service_role;
grant execute on function sessions.session_health() to service_role;
comment on function sessions.session_health() is 'Implements public.session_health().';
