-- What an admin page needs: the operator's view, for users whose token says that they are administrators
-- (app_metadata.session_admin, which only the secret key can set). sessions.operator() is what refuses the others.
-- Leave this chapter out if nobody is to administer from a browser.


create or replace function sessions.admin_live_sessions()
returns table (
  user_id uuid,
  email text,
  session_id text,
  device text,
  status text,
  created_at timestamptz,
  updated_at timestamptz,
  age_seconds integer,
  seconds_left integer
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  perform sessions.operator();

  return query
    select
      a.user_id, u.email::text, a.session_id, a.device, a.status, a.created_at, a.updated_at,
      extract(epoch from v_now - a.created_at)::integer,
      extract(epoch from a.expires_at - v_now)::integer
    from public.active_interview_sessions a
    join auth.users u on u.id = a.user_id
    order by a.expires_at
    limit 1000;
end
$$;

revoke all on function sessions.admin_live_sessions() from public, anon, authenticated, service_role;
grant execute on function sessions.admin_live_sessions() to authenticated;
comment on function sessions.admin_live_sessions() is 'What public.admin_live_sessions() does.';


create or replace function sessions.admin_ended_sessions(since timestamptz, bucket interval default '1 hour')
returns table (
  ended_from timestamptz,
  end_reason text,
  sessions bigint,
  median_seconds double precision,
  longest_seconds double precision
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.operator();
  if since is null then
    perform sessions.refuse_argument('since', 'a time');
  end if;
  if bucket is null or bucket not between interval '1 minute' and interval '7 days' then
    perform sessions.refuse_argument('bucket', 'from 1 minute to 7 days');
  end if;

  return query
    select
      date_bin(bucket, h.ended_at, timestamptz '2000-01-01') as ended_from,
      h.end_reason,
      count(*),
      percentile_cont(0.5) within group (order by extract(epoch from h.duration)::double precision),
      max(extract(epoch from h.duration)::double precision)
    from public.interview_session_history h
    where h.ended_at >= since
    group by 1, 2
    order by 1, 2;
end
$$;

revoke all on function sessions.admin_ended_sessions(timestamptz, interval) from public, anon, authenticated, service_role;
grant execute on function sessions.admin_ended_sessions(timestamptz, interval) to authenticated;
comment on function sessions.admin_ended_sessions(timestamptz, interval) is 'What public.admin_ended_sessions() does.';


create or replace function sessions.admin_session_health()
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
begin
  return query select * from sessions.session_health();
end
$$;

revoke all on function sessions.admin_session_health() from public, anon, authenticated, service_role;
grant execute on function sessions.admin_session_health() to authenticated;
comment on function sessions.admin_session_health() is 'What public.admin_session_health() does.';


create or replace function sessions.admin_revoke_session(user_id uuid, note text default null)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.revoke_session(user_id, note);
end
$$;

revoke all on function sessions.admin_revoke_session(uuid, text) from public, anon, authenticated, service_role;
grant execute on function sessions.admin_revoke_session(uuid, text) to authenticated;
comment on function sessions.admin_revoke_session(uuid, text) is 'What public.admin_revoke_session() does.';


-- Their wrappers, which the API exposes.


create or replace function public.admin_live_sessions()
returns table (
  user_id uuid,
  email text,
  session_id text,
  device text,
  status text,
  created_at timestamptz,
  updated_at timestamptz,
  age_seconds integer,
  seconds_left integer
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_live_sessions();
end
$$;

revoke all on function public.admin_live_sessions() from public, anon, authenticated, service_role;
grant execute on function public.admin_live_sessions() to authenticated;
comment on function public.admin_live_sessions() is
  'The sessions of all users that live or wait to be reaped (seconds_left is negative then), those that end soonest first, at most 1000. For administrators.';


create or replace function public.admin_ended_sessions(since timestamptz, bucket interval default '1 hour')
returns table (
  ended_from timestamptz,
  end_reason text,
  sessions bigint,
  median_seconds double precision,
  longest_seconds double precision
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_ended_sessions(since, bucket);
end
$$;

revoke all on function public.admin_ended_sessions(timestamptz, interval) from public, anon, authenticated, service_role;
grant execute on function public.admin_ended_sessions(timestamptz, interval) to authenticated;
comment on function public.admin_ended_sessions(timestamptz, interval) is
  'How many sessions ended since then, by reason and by span of time (bucket, from 1 minute to 7 days), with the median and the longest duration in seconds. For administrators.';


create or replace function public.admin_session_health()
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
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_session_health();
end
$$;

revoke all on function public.admin_session_health() from public, anon, authenticated, service_role;
grant execute on function public.admin_session_health() to authenticated;
comment on function public.admin_session_health() is
  'What session_health() answers. For administrators.';


create or replace function public.admin_revoke_session(user_id uuid, note text default null)
returns setof public.interview_session_history
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_revoke_session(user_id, note);
end
$$;

revoke all on function public.admin_revoke_session(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.admin_revoke_session(uuid, text) to authenticated;
comment on function public.admin_revoke_session(uuid, text) is
  'Ends a user''s live session as revoked, with a note, and the administrator in ended_by; answers how it ended. No live session: no row. For administrators.';


-- PostgREST then knows the functions at once.
notify pgrst, 'reload schema';
