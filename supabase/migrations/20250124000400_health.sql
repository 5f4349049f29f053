-- What an operator sees: whether the promises hold, and whether the reaper runs.

-- Fails rather than make live traffic wait behind it. Reset at the end.
set lock_timeout = '5s';


create or replace function sessions.overlapping_sessions(since timestamptz default '-infinity', at_most bigint default null)
returns table (user_id uuid, session_id text, started_at timestamptz, earlier_ended_at timestamptz)
language sql
stable
set search_path = pg_catalog, pg_temp
-- By index, whatever the statistics say: session_health() asks every minute for a small part of a large history.
set enable_seqscan = off
set enable_bitmapscan = off
as $$
  with ended as (
    select h.user_id, h.session_id, h.fence, h.started_at, h.ended_at, h.ended_fence
    from public.interview_session_history h
    where h.ended_at >= since
    order by h.ended_at desc
    limit at_most
  ),
  every_session as (
    select * from ended
    union all
    select a.user_id, a.session_id, a.fence, a.created_at, a.expires_at, null
    from public.active_interview_sessions a
    where a.user_id in (select e.user_id from ended e)
  ),
  compared as (
    select
      s.user_id, s.session_id, s.fence, s.started_at,
      max(s.ended_at) over earlier as earlier_ended_at,
      -- A live session has not ended.
      max(coalesce(s.ended_fence, 9223372036854775807)) over earlier as earlier_ended_fence
    from every_session s
    window earlier as (partition by s.user_id order by s.fence range between unbounded preceding and 1 preceding)
  )
  -- Both in time and in the order of grants: a clock that was set back makes no overlap.
  select c.user_id, c.session_id, c.started_at, c.earlier_ended_at
  from compared c
  where c.started_at < c.earlier_ended_at and c.fence < c.earlier_ended_fence;
$$;

revoke all on function sessions.overlapping_sessions(timestamptz, bigint) from public, anon, authenticated, service_role;
comment on function sessions.overlapping_sessions(timestamptz, bigint) is
  'The sessions that were granted while an earlier session of the same user was live, among the latest at_most (null: all) that ended since then and the live ones of their users. No rows: no user ever had two live sessions.';


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
    with grantee as (
      select r.oid, r.rolname from pg_catalog.pg_roles r where r.rolname in ('anon', 'authenticated', 'service_role')
    ),
    relation as (
      select c.oid, c.relkind, c.relnamespace = 'sessions'::regnamespace as is_internal
      from pg_catalog.pg_class c
      where c.relkind in ('r', 'S') and c.relnamespace = 'sessions'::regnamespace
        or c.oid in (
          'public.active_interview_sessions'::regclass, 'public.interview_session_history'::regclass, 'public.interviews'::regclass
        )
    ),
    -- A function with a wrapper is for users or for service_role, and so is the wrapper; the others are for nobody, and
    -- version() for everybody.
    routine as (
      select
        p.oid, w.oid as wrapper,
        case
          when w.oid is null then 'nobody'
          when p.proname in ('user_holds_session', 'revoke_session', 'extend_interview', 'reap_stale_sessions', 'session_health')
            then 'service_role'
          else 'authenticated'
        end as caller
      from pg_catalog.pg_proc p
      -- The app may have functions of these names, too.
      left join pg_catalog.pg_proc w on w.pronamespace = 'public'::regnamespace
        and w.proname = p.proname and w.proargtypes = p.proargtypes and strpos(w.prosrc, 'sessions.' || p.proname || '(') > 0
      where p.pronamespace = 'sessions'::regnamespace and p.proname <> 'version'
    ),
    unexpected as (
      select g.rolname, r.oid::regclass::text as object
      from grantee g
      cross join relation r
      where case r.relkind
        when 'S' then has_sequence_privilege(g.oid, r.oid, 'usage, select, update')
        else has_table_privilege(g.oid, r.oid, 'delete, truncate, trigger')
          or has_any_column_privilege(g.oid, r.oid, 'insert, update, references')
          or has_any_column_privilege(g.oid, r.oid, 'select') and (r.is_internal or g.rolname = 'anon')
      end
      union all
      select g.rolname, o.oid::regprocedure::text
      from grantee g
      cross join routine f
      cross join unnest(array[f.oid, f.wrapper]) o (oid)
      where has_function_privilege(g.oid, o.oid, 'execute') and g.rolname <> f.caller
      union all
      select g.rolname, 'schema sessions'
      from grantee g
      where has_schema_privilege(g.oid, 'sessions', 'create') or g.rolname = 'anon' and has_schema_privilege(g.oid, 'sessions', 'usage')
    )
    select string_agg(format('%s on %s', u.rolname, u.object), ', ' order by u.rolname, u.object)
    from unexpected u
  );
end
$$;

revoke all on function sessions.unexpected_grants() from public, anon, authenticated, service_role;
comment on function sessions.unexpected_grants() is
  'The API roles that have more on our tables, sequences and functions than the migrations grant, as "role on object"; null if none has.';


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
  v_prunes_failed integer;
  v_history regclass;
  v_fence_used bigint;
  v_fence bigint;
  v_grants text;
  v_unprotected text;
begin
  v_every := (sessions.current_settings()).reap_every;

  select
    count(*) filter (where a.expires_at > v_now),
    count(*) filter (where a.expires_at > v_now and a.status = 'completing'),
    count(*) filter (where a.expires_at <= v_now),
    v_now - min(a.expires_at) filter (where a.expires_at <= v_now),
    count(f.fence),
    max(a.fence)
  into v_row.live, v_row.completing, v_row.stale, v_row.oldest_stale_age, v_stuck, v_fence_used
  from public.active_interview_sessions a
  left join sessions.reap_failures f on f.fence = a.fence;

  -- A run in the future is one of a wrong clock: it must not hide that the reaper has stopped.
  select r.ran_at, v_now - r.ran_at, r.failed, r.prunes_failed
  into v_row.last_reap_at, v_row.last_reap_age, v_row.last_reap_failed, v_prunes_failed
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

  -- Of the history only the latest 2000 rows are read, by index, so that its size does not matter.
  with latest as (
    select h.end_reason, h.ended_at, h.fence, h.ended_fence
    from public.interview_session_history h
    order by h.ended_at desc
    limit 2000
  ),
  last_day as (
    select l.end_reason, count(*) as sessions from latest l where l.ended_at between v_now - interval '1 day' and v_now group by l.end_reason
  )
  select
    greatest(v_fence_used, max(l.fence), max(l.ended_fence)),
    (select coalesce(jsonb_object_agg(d.end_reason, d.sessions), '{}') from last_day d)
  into v_fence_used, v_row.ended_last_day
  from latest l;

  v_row.overlaps_found := (select count(*) from sessions.overlapping_sessions(v_now - interval '7 days', 2000));

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
  v_unprotected := (
    select string_agg(c.oid::regclass::text, ', ' order by c.relname)
    from pg_catalog.pg_class c
    where c.oid in (
        'public.active_interview_sessions'::regclass, 'public.interview_session_history'::regclass, 'public.interviews'::regclass
      )
      and not c.relrowsecurity
  );

  -- The worst first. Critical after ten missed intervals: 10 x 60 s, plus the lease of 5 minutes, are the promised 15.
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
        'The next fence would be %s, but %s was already used: fences must only grow. Run: select sessions.lift_fence();',
        v_fence + 1, v_fence_used
      );
    when current_setting('default_transaction_read_only')::boolean or pg_is_in_recovery() then
      v_row.status := 'critical';
      v_row.reason := 'The database is read-only: no session can be started or renewed. Check the disk space of the project.';
    when v_grants is not null then
      v_row.status := 'critical';
      v_row.reason := format('API roles have privileges that the migrations do not grant: %s. Apply the migrations again.', v_grants);
    when v_unprotected is not null then
      v_row.status := 'critical';
      v_row.reason := format('Row level security is off: every user reads all rows of %s. Apply the migrations again.', v_unprotected);
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
    when v_prunes_failed > 0 then
      v_row.status := 'warning';
      v_row.reason := 'The last run could not prune old rows; the server log says why.';
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


reset lock_timeout;
