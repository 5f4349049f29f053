-- What an admin page needs: the operator's view and actions, for users whose token has app_metadata.session_admin, which
-- only the secret key can set. No other chapter knows that claim. Leave this chapter out if nobody administers from a
-- browser.
--
-- What a call costs depends on what it asks for, not on the number of users or the size of the history: sessions are
-- found by index, and of a period or of the deliveries only the latest 10 000 are searched and sorted. Email addresses are looked up one by
-- one, since a join could scan all users.

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


create or replace function sessions.admin_check_page(search text, descending boolean, skip integer, at_most integer, limit_of_page integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if not sessions.is_line(search, 1, 200) then
    perform sessions.refuse_line('search', 1, 200);
  end if;
  if descending is null then
    perform sessions.refuse_argument('descending', 'true or false');
  end if;
  if (skip between 0 and 1000000) is not true then
    perform sessions.refuse_argument('skip', 'from 0 to 1000000');
  end if;
  if (at_most between 1 and limit_of_page) is not true then
    perform sessions.refuse_argument('at_most', format('from 1 to %s', limit_of_page));
  end if;
end
$$;

revoke all on function sessions.admin_check_page(text, boolean, integer, integer, integer) from public, anon, authenticated, service_role;
comment on function sessions.admin_check_page(text, boolean, integer, integer, integer) is
  'Raises 22023 if one of these arguments of a list is invalid.';


create or replace function sessions.admin_email_of(user_id uuid)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (select u.email from auth.users u where u.id = admin_email_of.user_id);
end
$$;

revoke all on function sessions.admin_email_of(uuid) from public, anon, authenticated, service_role;
comment on function sessions.admin_email_of(uuid) is 'The email address of a user; null if there is none.';


create or replace function sessions.admin_mentions(
  search text,
  email text,
  device text,
  session_id text,
  interview_id text,
  user_id uuid
)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- No search and no field contains a line break, so that none is found across two fields.
  return search is null
    or strpos(lower(concat_ws(e'\n', email, device, session_id, interview_id, user_id)), lower(search)) > 0;
end
$$;

revoke all on function sessions.admin_mentions(text, text, text, text, text, uuid) from public, anon, authenticated, service_role;
comment on function sessions.admin_mentions(text, text, text, text, text, uuid) is
  'Whether one of these contains the text, in upper or lower case. Nothing is a wildcard. True for null.';


-- Earlier versions had it without arguments.
drop function if exists public.admin_live_sessions(), sessions.admin_live_sessions();

create or replace function sessions.admin_live_sessions(
  search text default null,
  state text default null,
  order_by text default 'expires_at',
  descending boolean default false,
  skip integer default 0,
  at_most integer default 1000
)
returns table (
  user_id uuid,
  email text,
  session_id text,
  interview_id text,
  device text,
  status text,
  created_at timestamptz,
  updated_at timestamptz,
  deadline_at timestamptz,
  age_seconds integer,
  silent_seconds integer,
  seconds_left integer,
  seconds_to_deadline integer,
  total bigint
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
  perform sessions.admin_check_page(search, descending, skip, at_most, 1000);
  if state not in ('active', 'completing', 'stale') then
    perform sessions.refuse_argument('state', 'active, completing, stale or null');
  end if;
  if (order_by in ('email', 'device', 'interview_id', 'created_at', 'updated_at', 'deadline_at', 'expires_at')) is not true then
    perform sessions.refuse_argument(
      'order_by', 'email, device, interview_id, created_at, updated_at, deadline_at or expires_at'
    );
  end if;

  return query
    with found as (
      select a.*, sessions.admin_email_of(a.user_id) as email
      from public.active_interview_sessions a
      where admin_live_sessions.state is null
        or admin_live_sessions.state = case when a.expires_at <= v_now then 'stale' else a.status end
    )
    select
      f.user_id, f.email, f.session_id, f.interview_id, f.device, f.status, f.created_at, f.updated_at, f.deadline_at,
      -- Not negative, even if the clock was set back meanwhile.
      least(greatest(extract(epoch from v_now - f.created_at), 0), 2147483647)::integer,
      least(greatest(extract(epoch from v_now - f.updated_at), 0), 2147483647)::integer,
      least(extract(epoch from f.expires_at - v_now), 2147483647)::integer,
      least(extract(epoch from f.deadline_at - v_now), 2147483647)::integer,
      count(*) over ()
    from found f
    cross join lateral (
      select
        case order_by when 'email' then f.email when 'device' then f.device when 'interview_id' then f.interview_id end as words,
        case order_by
          when 'created_at' then f.created_at
          when 'updated_at' then f.updated_at
          when 'deadline_at' then f.deadline_at
          when 'expires_at' then f.expires_at
        end as moment
    ) sorted
    where sessions.admin_mentions(search, f.email, f.device, f.session_id, f.interview_id, f.user_id)
    order by
      case when not descending then sorted.words end,
      case when descending then sorted.words end desc nulls last,
      case when not descending then sorted.moment end,
      case when descending then sorted.moment end desc nulls last,
      f.user_id
    offset skip
    limit at_most;
end
$$;

revoke all on function sessions.admin_live_sessions(text, text, text, boolean, integer, integer) from public, anon, authenticated, service_role;
grant execute on function sessions.admin_live_sessions(text, text, text, boolean, integer, integer) to authenticated;
comment on function sessions.admin_live_sessions(text, text, text, boolean, integer, integer) is 'Implements public.admin_live_sessions().';


create or replace function sessions.admin_session_history(
  since timestamptz default null,
  until timestamptz default null,
  search text default null,
  end_reason text default null,
  order_by text default 'ended_at',
  descending boolean default true,
  skip integer default 0,
  at_most integer default 100
)
returns table (total bigint, searched_since timestamptz, sessions jsonb)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
-- By index, whatever the statistics say: the history may have millions of rows.
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  -- Only where they are searched or sorted by, for all of the 10 000.
  v_with_email boolean := search is not null or order_by = 'email';
begin
  perform sessions.check_administrator();
  perform sessions.admin_check_page(search, descending, skip, at_most, 10000);
  if octet_length(end_reason) > 20 or end_reason is not null and sessions.end_reason_message(end_reason) is null then
    perform sessions.refuse_argument('end_reason', 'an end reason or null');
  end if;
  if (order_by in ('email', 'device', 'interview_id', 'end_reason', 'started_at', 'ended_at', 'duration')) is not true then
    perform sessions.refuse_argument('order_by', 'email, device, interview_id, end_reason, started_at, ended_at or duration');
  end if;

  return query
    with searched as (
      select h.*, case when v_with_email then sessions.admin_email_of(h.user_id) end as email
      from public.interview_session_history h
      where h.ended_at >= coalesce(since, '-infinity') and h.ended_at < coalesce(until, 'infinity')
      order by h.ended_at desc
      limit 10000
    ),
    found as (
      select s.*
      from searched s
      where (admin_session_history.end_reason is null or s.end_reason = admin_session_history.end_reason)
        and sessions.admin_mentions(search, s.email, s.device, s.session_id, s.interview_id, s.user_id)
    ),
    page as (
      select f.*, row_number() over () as place
      from (
        select f.*
        from found f
        cross join lateral (
          select
            case order_by
              when 'email' then f.email
              when 'device' then f.device
              when 'interview_id' then f.interview_id
              when 'end_reason' then f.end_reason
            end as words,
            case order_by
              when 'started_at' then extract(epoch from f.started_at)
              when 'ended_at' then extract(epoch from f.ended_at)
              when 'duration' then extract(epoch from f.duration)
            end as number
        ) sorted
        order by
          case when not descending then sorted.words end,
          case when descending then sorted.words end desc nulls last,
          case when not descending then sorted.number end,
          case when descending then sorted.number end desc nulls last,
          f.user_id, f.session_id
        offset skip
        limit at_most
      ) f
    )
    select
      (select count(*) from found),
      (select min(s.ended_at) from searched s having count(*) = 10000),
      (
        select coalesce(
          jsonb_agg(
            jsonb_build_object(
              'user_id', p.user_id,
              'email', sessions.admin_email_of(p.user_id),
              'session_id', p.session_id,
              'interview_id', p.interview_id,
              'device', p.device,
              'started_at', p.started_at,
              'ended_at', p.ended_at,
              'end_reason', p.end_reason,
              'duration_seconds', extract(epoch from p.duration)
            )
            order by p.place
          ),
          '[]'
        )
        from page p
      );
end
$$;

revoke all on function sessions.admin_session_history(timestamptz, timestamptz, text, text, text, boolean, integer, integer) from public, anon, authenticated, service_role;
grant execute on function sessions.admin_session_history(timestamptz, timestamptz, text, text, text, boolean, integer, integer) to authenticated;
comment on function sessions.admin_session_history(timestamptz, timestamptz, text, text, text, boolean, integer, integer) is 'Implements public.admin_session_history().';


create or replace function sessions.admin_session_details(user_id uuid, session_id text)
returns table (session jsonb, interview jsonb, sessions jsonb, extensions jsonb)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  perform sessions.check_administrator();
  if user_id is null then
    perform sessions.refuse_argument('user_id', 'the id of a user');
  end if;
  if not sessions.is_line(coalesce(session_id, ''), 1, 128) then
    perform sessions.refuse_line('session_id', 1, 128);
  end if;

  return query
    with recursive every_session as (
      select
        a.user_id, a.session_id, a.interview_id, a.previous_session_id, a.device, a.status, a.fence, a.created_at as started_at,
        a.updated_at as last_seen_at, null::timestamptz as ended_at, null as end_reason, a.expires_at <= v_now as is_stale,
        v_now - a.created_at as duration, a.deadline_at
      from public.active_interview_sessions a
      where a.user_id = admin_session_details.user_id
      union all
      select
        h.user_id, h.session_id, h.interview_id, h.previous_session_id, h.device, h.status, h.fence, h.started_at,
        h.last_seen_at, h.ended_at, h.end_reason, null, h.duration, null
      from public.interview_session_history h
      where h.user_id = admin_session_details.user_id
    ),
    shown as (
      select e.* from every_session e where e.session_id = admin_session_details.session_id order by e.fence desc limit 1
    ),
    -- Without an interview, a session only knows the one that it took over.
    chain as (
      select s.*, 1 as place from shown s
      union all
      select e.*, c.place + 1
      from chain c
      join every_session e on e.session_id = c.previous_session_id and e.fence < c.fence
      where c.interview_id is null and c.place < 100
    ),
    related as (
      select c.session_id, c.device, c.started_at, c.ended_at, c.end_reason, c.is_stale, c.duration, c.fence
      from chain c
      where c.interview_id is null
      union all
      select e.session_id, e.device, e.started_at, e.ended_at, e.end_reason, e.is_stale, e.duration, e.fence
      from every_session e
      join shown s on s.interview_id = e.interview_id
      order by fence desc
      limit 100
    )
    select
      (
        to_jsonb(s) - 'fence' - 'previous_session_id' - 'duration'
        || jsonb_build_object(
          'email', sessions.admin_email_of(s.user_id),
          'duration_seconds', greatest(extract(epoch from s.duration), 0),
          'silent_seconds', greatest(extract(epoch from v_now - s.last_seen_at), 0),
          'seconds_to_deadline', extract(epoch from s.deadline_at - v_now),
          'revoked', (
            select jsonb_build_object('by', coalesce(sessions.admin_email_of(r.revoked_by), r.role), 'note', r.note)
            from sessions.revocations r
            where r.user_id = s.user_id and r.session_id = s.session_id
          )
        )
      ),
      (
        select to_jsonb(i) || jsonb_build_object('seconds_to_deadline', extract(epoch from i.deadline_at - v_now))
        from public.interviews i
        where i.user_id = s.user_id and i.interview_id = s.interview_id
      ),
      (
        select jsonb_agg(
          to_jsonb(r) - 'fence' - 'duration' || jsonb_build_object('duration_seconds', greatest(extract(epoch from r.duration), 0))
          order by r.fence desc
        )
        from related r
      ),
      (
        select coalesce(jsonb_agg(to_jsonb(x) - 'id' order by x.id desc), '[]')
        from (
          select
            e.id, e.extended_at, extract(epoch from e.extended) as extended_seconds, e.note,
            coalesce(sessions.admin_email_of(e.extended_by), e.role) as by
          from sessions.extensions e
          where e.user_id = s.user_id and e.interview_id = s.interview_id
          order by e.id desc
          limit 100
        ) x
      )
    from shown s;
end
$$;

revoke all on function sessions.admin_session_details(uuid, text) from public, anon, authenticated, service_role;
grant execute on function sessions.admin_session_details(uuid, text) to authenticated;
comment on function sessions.admin_session_details(uuid, text) is 'Implements public.admin_session_details().';


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


-- Earlier versions had it without session_id.
drop function if exists public.admin_revoke_session(uuid, text), sessions.admin_revoke_session(uuid, text);

create or replace function sessions.admin_revoke_session(user_id uuid, note text default null, session_id text default null)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
begin
  perform sessions.check_administrator();
  return query select * from sessions.revoke(user_id, note, 'authenticated', session_id);
end
$$;

revoke all on function sessions.admin_revoke_session(uuid, text, text) from public, anon, authenticated, service_role;
grant execute on function sessions.admin_revoke_session(uuid, text, text) to authenticated;
comment on function sessions.admin_revoke_session(uuid, text, text) is 'Implements public.admin_revoke_session().';


create or replace function sessions.admin_extend_interview(user_id uuid, interview_id text, by interval, note text default null)
returns setof public.interviews
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
begin
  perform sessions.check_administrator();
  return query select * from sessions.extend(user_id, interview_id, by, note, 'authenticated');
end
$$;

revoke all on function sessions.admin_extend_interview(uuid, text, interval, text) from public, anon, authenticated, service_role;
grant execute on function sessions.admin_extend_interview(uuid, text, interval, text) to authenticated;
comment on function sessions.admin_extend_interview(uuid, text, interval, text) is 'Implements public.admin_extend_interview().';


create or replace function sessions.admin_reap_stale_sessions(batch_size integer default 1000)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
begin
  perform sessions.check_administrator();
  return query select * from sessions.reap(batch_size, false, 'authenticated');
end
$$;

revoke all on function sessions.admin_reap_stale_sessions(integer) from public, anon, authenticated, service_role;
grant execute on function sessions.admin_reap_stale_sessions(integer) to authenticated;
comment on function sessions.admin_reap_stale_sessions(integer) is 'Implements public.admin_reap_stale_sessions().';


create or replace function sessions.admin_list_deliveries(
  search text default null,
  state text default null,
  order_by text default 'created_at',
  descending boolean default true,
  skip integer default 0,
  at_most integer default 100
)
returns table (total bigint, searched_since timestamptz, deliveries jsonb, endpoints jsonb)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  v_now timestamptz := clock_timestamp();
  -- Only where they are searched or sorted by, for all of the 10 000.
  v_with_email boolean := search is not null or order_by = 'email';
begin
  perform sessions.check_administrator();
  perform sessions.admin_check_page(search, descending, skip, at_most, 10000);
  if state not in ('pending', 'on_hold', 'dead') then
    perform sessions.refuse_argument('state', 'pending, on_hold, dead or null');
  end if;
  if (order_by in ('email', 'endpoint', 'created_at', 'attempts', 'due_at')) is not true then
    perform sessions.refuse_argument('order_by', 'email, endpoint, created_at, attempts or due_at');
  end if;
  -- The optional chapter "deliveries".
  if to_regclass('sessions.deliveries') is null then
    return;
  end if;

  return query
    with latest as (
      (
        select d.*
        from sessions.deliveries d
        where admin_list_deliveries.state is distinct from 'dead'
        order by d.created_at desc
        limit 10000
      )
      union all
      -- The dead ones have an index of their own: newer deliveries do not hide them.
      (
        select d.*
        from sessions.deliveries d
        where admin_list_deliveries.state = 'dead' and d.due_at is null
        order by d.created_at desc
        limit 10000
      )
    ),
    searched as (
      select
        l.*, sessions.delivery_state(l.due_at, e.state) as state, (l.data ->> 'user_id')::uuid as user_id,
        case when v_with_email then sessions.admin_email_of((l.data ->> 'user_id')::uuid) end as email
      from latest l
      join sessions.endpoints e on e.name = l.endpoint
    ),
    found as (
      select s.*
      from searched s
      where (admin_list_deliveries.state is null or s.state = admin_list_deliveries.state)
        and (
          sessions.admin_mentions(
            search, s.email, s.data ->> 'device', s.data ->> 'session_id', s.data ->> 'interview_id', s.user_id
          )
          or strpos(lower(concat_ws(e'\n', s.endpoint, s.last_error)), lower(search)) > 0
        )
    ),
    page as (
      select f.*, row_number() over () as place
      from (
        select f.*
        from found f
        cross join lateral (
          select
            case order_by when 'email' then f.email when 'endpoint' then f.endpoint end as words,
            case order_by
              when 'created_at' then extract(epoch from f.created_at)
              when 'attempts' then f.attempts
              when 'due_at' then extract(epoch from f.due_at)
            end as number
        ) sorted
        order by
          case when not descending then sorted.words end,
          case when descending then sorted.words end desc nulls last,
          case when not descending then sorted.number end,
          case when descending then sorted.number end desc nulls last,
          f.id
        offset skip
        limit at_most
      ) f
    )
    select
      (select count(*) from found),
      (select min(l.created_at) from latest l having count(*) = 10000),
      (
        select coalesce(
          jsonb_agg(
            jsonb_build_object(
              'id', p.id,
              'endpoint', p.endpoint,
              'state', p.state,
              'user_id', p.user_id,
              'email', sessions.admin_email_of(p.user_id),
              'session_id', p.data ->> 'session_id',
              'interview_id', p.data ->> 'interview_id',
              'end_reason', p.data ->> 'end_reason',
              'created_at', p.created_at,
              'attempts', p.attempts,
              'due_at', p.due_at,
              'seconds_to_due', extract(epoch from p.due_at - v_now),
              'last_error', p.last_error
            )
            order by p.place
          ),
          '[]'
        )
        from page p
      ),
      -- Without the URL, which may contain a key.
      (
        select coalesce(
          jsonb_agg(
            jsonb_build_object(
              'name', e.name,
              'state', e.state,
              'delivered', e.delivered,
              'last_delivered_at', e.last_delivered_at,
              'last_error', e.last_error,
              'last_error_at', e.last_error_at
            )
            order by e.name
          ),
          '[]'
        )
        from (select o.* from sessions.endpoints o order by o.name limit 100) e
      );
end
$$;

revoke all on function sessions.admin_list_deliveries(text, text, text, boolean, integer, integer) from public, anon, authenticated, service_role;
grant execute on function sessions.admin_list_deliveries(text, text, text, boolean, integer, integer) to authenticated;
comment on function sessions.admin_list_deliveries(text, text, text, boolean, integer, integer) is 'Implements public.admin_list_deliveries().';


create or replace function sessions.admin_retry_deliveries(endpoint text default null, id uuid default null)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
begin
  perform sessions.check_administrator();
  if octet_length(endpoint) > 63 then
    perform sessions.refuse_argument('endpoint', 'the name of an endpoint');
  end if;
  -- The optional chapter "deliveries".
  if to_regclass('sessions.deliveries') is null then
    return 0;
  end if;
  return sessions.revive_deliveries(endpoint, id);
end
$$;

revoke all on function sessions.admin_retry_deliveries(text, uuid) from public, anon, authenticated, service_role;
grant execute on function sessions.admin_retry_deliveries(text, uuid) to authenticated;
comment on function sessions.admin_retry_deliveries(text, uuid) is 'Implements public.admin_retry_deliveries().';


-- The wrappers, which the API exposes.


create or replace function public.admin_live_sessions(
  search text default null,
  state text default null,
  order_by text default 'expires_at',
  descending boolean default false,
  skip integer default 0,
  at_most integer default 1000
)
returns table (
  user_id uuid,
  email text,
  session_id text,
  interview_id text,
  device text,
  status text,
  created_at timestamptz,
  updated_at timestamptz,
  deadline_at timestamptz,
  age_seconds integer,
  silent_seconds integer,
  seconds_left integer,
  seconds_to_deadline integer,
  total bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_live_sessions(search, state, order_by, descending, skip, at_most);
end
$$;

revoke all on function public.admin_live_sessions(text, text, text, boolean, integer, integer) from public, anon, authenticated, service_role;
grant execute on function public.admin_live_sessions(text, text, text, boolean, integer, integer) to authenticated;
comment on function public.admin_live_sessions(text, text, text, boolean, integer, integer) is
  'A page of all users'' live and stale sessions; seconds_left of the lease is negative for stale ones, and total counts all that were found. search: part of an email address, a device, an id. state: active, completing or stale. order_by: email, device, interview_id, created_at, updated_at, deadline_at or expires_at. at_most: up to 1000. For administrators.';


create or replace function public.admin_session_history(
  since timestamptz default null,
  until timestamptz default null,
  search text default null,
  end_reason text default null,
  order_by text default 'ended_at',
  descending boolean default true,
  skip integer default 0,
  at_most integer default 100
)
returns table (total bigint, searched_since timestamptz, sessions jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_session_history(since, until, search, end_reason, order_by, descending, skip, at_most);
end
$$;

revoke all on function public.admin_session_history(timestamptz, timestamptz, text, text, text, boolean, integer, integer) from public, anon, authenticated, service_role;
grant execute on function public.admin_session_history(timestamptz, timestamptz, text, text, text, boolean, integer, integer) to authenticated;
comment on function public.admin_session_history(timestamptz, timestamptz, text, text, text, boolean, integer, integer) is
  'A page of the sessions that ended in a period, and how many there are (total). Only the latest 10 000 of the period are searched and sorted: if there are as many, searched_since says how far back they go. search: part of an email address, a device, an id. order_by: email, device, interview_id, end_reason, started_at, ended_at or duration. at_most: up to 10 000. For administrators.';


create or replace function public.admin_session_details(user_id uuid, session_id text)
returns table (session jsonb, interview jsonb, sessions jsonb, extensions jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_session_details(user_id, session_id);
end
$$;

revoke all on function public.admin_session_details(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.admin_session_details(uuid, text) to authenticated;
comment on function public.admin_session_details(uuid, text) is
  'A session, live or ended, with who revoked it; its interview; the latest 100 sessions of that interview, or without one those that were taken over; and the latest 100 extensions, with who, when and why. Never known: no row. For administrators.';


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


create or replace function public.admin_revoke_session(user_id uuid, note text default null, session_id text default null)
returns setof public.interview_session_history
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_revoke_session(user_id, note, session_id);
end
$$;

revoke all on function public.admin_revoke_session(uuid, text, text) from public, anon, authenticated, service_role;
grant execute on function public.admin_revoke_session(uuid, text, text) to authenticated;
comment on function public.admin_revoke_session(uuid, text, text) is
  'Ends a user''s live session as revoked and returns how it ended; with a session_id only if it is that one. The note and the administrator''s id go to sessions.revocations. No such live session: no row. For administrators.';


create or replace function public.admin_extend_interview(user_id uuid, interview_id text, by interval, note text default null)
returns setof public.interviews
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_extend_interview(user_id, interview_id, by, note);
end
$$;

revoke all on function public.admin_extend_interview(uuid, text, interval, text) from public, anon, authenticated, service_role;
grant execute on function public.admin_extend_interview(uuid, text, interval, text) to authenticated;
comment on function public.admin_extend_interview(uuid, text, interval, text) is
  'What extend_interview() does. The note and the administrator''s id go to sessions.extensions. For administrators.';


create or replace function public.admin_reap_stale_sessions(batch_size integer default 1000)
returns setof public.interview_session_history
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_reap_stale_sessions(batch_size);
end
$$;

revoke all on function public.admin_reap_stale_sessions(integer) from public, anon, authenticated, service_role;
grant execute on function public.admin_reap_stale_sessions(integer) to authenticated;
comment on function public.admin_reap_stale_sessions(integer) is
  'What reap_stale_sessions() does: moves one batch of stale sessions to the history and returns them. For administrators.';


create or replace function public.admin_list_deliveries(
  search text default null,
  state text default null,
  order_by text default 'created_at',
  descending boolean default true,
  skip integer default 0,
  at_most integer default 100
)
returns table (total bigint, searched_since timestamptz, deliveries jsonb, endpoints jsonb)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.admin_list_deliveries(search, state, order_by, descending, skip, at_most);
end
$$;

revoke all on function public.admin_list_deliveries(text, text, text, boolean, integer, integer) from public, anon, authenticated, service_role;
grant execute on function public.admin_list_deliveries(text, text, text, boolean, integer, integer) to authenticated;
comment on function public.admin_list_deliveries(text, text, text, boolean, integer, integer) is
  'A page of the deliveries that are not confirmed, how many there are (total), and the first 100 endpoints. Only the latest 10 000 (of the dead ones, with state dead) are searched and sorted: if there are as many, searched_since says how far back they go. search: part of an email address, a device, an id, an endpoint, an error. state: pending, on_hold or dead. order_by: email, endpoint, created_at, attempts or due_at. at_most: up to 10 000. No row where the chapter "deliveries" is not installed. For administrators.';


create or replace function public.admin_retry_deliveries(endpoint text default null, id uuid default null)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return sessions.admin_retry_deliveries(endpoint, id);
end
$$;

revoke all on function public.admin_retry_deliveries(text, uuid) from public, anon, authenticated, service_role;
grant execute on function public.admin_retry_deliveries(text, uuid) to authenticated;
comment on function public.admin_retry_deliveries(text, uuid) is
  'What retry_deliveries() does: revives dead deliveries, all or those of an endpoint or one, at most 10000 per call; returns how many. For administrators.';


-- Tells PostgREST to reload its schema cache.
notify pgrst, 'reload schema';


reset lock_timeout;
