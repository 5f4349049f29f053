-- What an admin page needs: the operator's view, for users whose token has app_metadata.session_admin, which only the
-- secret key can set. No other chapter knows that claim. Leave this chapter out if nobody administers from a browser.

-- Fails rather than make live traffic wait behind it. Reset at the end.
set lock_timeout = '5s';


create or replace function sessions.check_administrator()
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if (auth.jwt() -> 'app_metadata' -> 'session_admin') is distinct from 'true' then
    raise insufficient_privilege using
      message = 'You are not an administrator of interview sessions.',
      hint = 'Sign in as a user with "session_admin": true in app_metadata.';
  end if;
end
$$;

revoke all on function sessions.check_administrator() from public, anon, authenticated, service_role;
comment on function sessions.check_administrator() is
  'Raises 42501 unless the call is made for a user whose token has app_metadata.session_admin: true.';


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
  perform sessions.check_administrator();

  return query
    select
      a.user_id, u.email::text, a.session_id, a.device, a.status, a.created_at, a.updated_at,
      -- Not negative, even if the clock was set back meanwhile.
      least(greatest(extract(epoch from v_now - a.created_at), 0), 2147483647)::integer,
      least(extract(epoch from a.expires_at - v_now), 2147483647)::integer
    from public.active_interview_sessions a
    join auth.users u on u.id = a.user_id
    order by a.expires_at
    limit 1000;
end
$$;

revoke all on function sessions.admin_live_sessions() from public, anon, authenticated, service_role;
grant execute on function sessions.admin_live_sessions() to authenticated;
comment on function sessions.admin_live_sessions() is 'Implements public.admin_live_sessions().';


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
  perform sessions.check_administrator();
  if since is null then
    perform sessions.refuse_argument('since', 'a timestamp');
  end if;
  if bucket is null or bucket not between interval '1 minute' and interval '7 days' then
    perform sessions.refuse_argument('bucket', 'from 1 minute to 7 days');
  end if;

  return query
    select
      -- In seconds: date_bin() takes no months.
      date_bin(make_interval(secs => extract(epoch from bucket)), h.ended_at, timestamptz '2000-01-01') as ended_from,
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
comment on function sessions.admin_ended_sessions(timestamptz, interval) is 'Implements public.admin_ended_sessions().';


create or replace function sessions.admin_session_health()
returns setof public.interview_session_health
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.check_administrator();
  return next sessions.health();
end
$$;

revoke all on function sessions.admin_session_health() from public, anon, authenticated, service_role;
grant execute on function sessions.admin_session_health() to authenticated;
comment on function sessions.admin_session_health() is 'Implements public.admin_session_health().';


create or replace function sessions.admin_revoke_session(user_id uuid, note text default null)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
begin
  perform sessions.check_administrator();
  return query select * from sessions.revoke(user_id, note, 'authenticated');
end
$$;

revoke all on function sessions.admin_revoke_session(uuid, text) from public, anon, authenticated, service_role;
grant execute on function sessions.admin_revoke_session(uuid, text) to authenticated;
comment on function sessions.admin_revoke_session(uuid, text) is 'Implements public.admin_revoke_session().';


-- The wrappers, which the API exposes.


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
  'All users'' live and stale sessions (seconds_left is negative for stale ones), those that end soonest first, at most 1000. For administrators.';


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
  'How many sessions ended since then, by end reason and by bucket (from 1 minute to 7 days), with the median and the longest duration in seconds. For administrators.';


create or replace function public.admin_session_health()
returns setof public.interview_session_health
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
  'What session_health() returns. For administrators.';


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
  'Ends a user''s live session as revoked and returns how it ended. The note and the administrator''s id go to sessions.revocations. No live session: no row. For administrators.';


-- Tells PostgREST to reload its schema cache.
notify pgrst, 'reload schema';


reset lock_timeout;
