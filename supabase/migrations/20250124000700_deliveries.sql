-- Deliveries, optional: tells the app's servers of every session that ends, as a signed webhook, at least once. The
-- history row and its deliveries are written in one transaction; the scheduled Edge Function sends them.
--
-- Off until sessions.endpoints has a row. While it has none that is on, the trigger on the history is disabled.

-- Fails rather than make live traffic wait behind it. Reset at the end.
set lock_timeout = '5s';


create table if not exists sessions.endpoints (
  name text primary key,
  url text not null,
  state text not null default 'on',
  delivered bigint not null default 0,
  last_delivered_at timestamptz,
  last_error text,
  last_error_at timestamptz,
  constraint name_is_an_identifier check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  constraint url_is_https_or_loopback check (
    char_length(url) <= 2000
    and url ~ '^(https://[^/?#\s@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)([/?][^#\s]*)?$'
  ),
  constraint state_is_known check (state in ('on', 'off', 'gone'))
);

revoke all on table sessions.endpoints from public, anon, authenticated, service_role;
comment on table sessions.endpoints is
  'Where ended sessions are delivered to. The secret of an endpoint is in the environment of the Edge Function, under the same name.';
comment on column sessions.endpoints.name is 'The name of the endpoint, and of its secret.';
comment on column sessions.endpoints.url is 'https, or http to this machine. The function refuses private addresses unless its environment allows the host.';
comment on column sessions.endpoints.state is 'on; off: nothing is recorded or sent; gone: the receiver answered 410, and nothing is recorded or sent until this is set to on again.';
comment on column sessions.endpoints.delivered is 'How many deliveries were confirmed.';
comment on column sessions.endpoints.last_delivered_at is 'Time of the last confirmed delivery.';
comment on column sessions.endpoints.last_error is 'Why the last failed attempt failed.';
comment on column sessions.endpoints.last_error_at is 'Time of the last failed attempt.';


create table if not exists sessions.deliveries (
  id uuid primary key default gen_random_uuid(),
  endpoint text not null references sessions.endpoints (name) on update cascade on delete cascade,
  data jsonb not null,
  created_at timestamptz not null default clock_timestamp(),
  attempts integer not null default 0,
  due_at timestamptz default clock_timestamp(),
  last_error text
);

-- claim_deliveries() reads the rows of an endpoint that are due.
create index if not exists deliveries_due on sessions.deliveries (endpoint, due_at);
-- claim_deliveries() prunes the oldest; the health reads the oldest.
create index if not exists deliveries_created_at on sessions.deliveries (created_at);
-- The health counts the dead ones; retry_deliveries() revives them.
create index if not exists deliveries_dead on sessions.deliveries (created_at) where due_at is null;

revoke all on table sessions.deliveries from public, anon, authenticated, service_role;
comment on table sessions.deliveries is
  'The outbox: one row per ended session and endpoint until the receiver confirms it. It does not reference the history: a user may be deleted before the receiver has released what the session held.';
comment on column sessions.deliveries.id is 'The webhook-id: the same in every attempt, so that a receiver can recognise a repetition.';
comment on column sessions.deliveries.endpoint is 'Where it is delivered to.';
comment on column sessions.deliveries.data is 'The row of the history.';
comment on column sessions.deliveries.created_at is 'When the session ended. Pruned after sessions.settings.history_retention.';
comment on column sessions.deliveries.attempts is 'How many attempts began.';
comment on column sessions.deliveries.due_at is 'When the next attempt is due: while one is under way, when it counts as failed. Null: dead, after 12 attempts; retry_deliveries() revives it.';
comment on column sessions.deliveries.last_error is 'Why the last attempt failed.';


create or replace function sessions.record_deliveries()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into sessions.deliveries (endpoint, data)
  select e.name, to_jsonb(h)
  from ended h
  cross join sessions.endpoints e
  where e.state = 'on'
  -- One that is deleted at this moment gets no delivery. Without the lock, the foreign key would fail the end.
  for key share of e;
  return null;
end
$$;

revoke all on function sessions.record_deliveries() from public, anon, authenticated, service_role;
comment on function sessions.record_deliveries() is
  'Trigger of public.interview_session_history: writes a delivery for each endpoint that is on.';

create or replace trigger record_deliveries
  after insert on public.interview_session_history
  referencing new table as ended
  for each statement execute function sessions.record_deliveries();


create or replace function sessions.lock_history()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
begin
  lock table public.interview_session_history in share row exclusive mode;
  return null;
end
$$;

revoke all on function sessions.lock_history() from public, anon, authenticated, service_role;
comment on function sessions.lock_history() is
  'Trigger of sessions.endpoints: locks the history before endpoints are deleted, in the order in which an end takes its locks, so that they cannot deadlock.';

create or replace trigger lock_history
  before delete or truncate on sessions.endpoints
  for each statement execute function sessions.lock_history();


create or replace function sessions.switch_deliveries()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_wanted "char" := case when exists (select from sessions.endpoints e where e.state <> 'off') then 'O' else 'D' end;
  v_is "char" := (
    select t.tgenabled
    from pg_catalog.pg_trigger t
    where t.tgrelid = 'public.interview_session_history'::regclass and t.tgname = 'record_deliveries'
  );
begin
  -- Waits for the ends under way, and new ends wait for this: hence the lock_timeout.
  if v_wanted = 'O' and v_is = 'D' then
    alter table public.interview_session_history enable trigger record_deliveries;
  elsif v_wanted = 'D' and v_is <> 'D' then
    alter table public.interview_session_history disable trigger record_deliveries;
  end if;
  return null;
end
$$;

revoke all on function sessions.switch_deliveries() from public, anon, authenticated, service_role;
comment on function sessions.switch_deliveries() is
  'Trigger of sessions.endpoints: enables the trigger on the history while an endpoint is on, so that ends cost nothing more while none is.';

create or replace trigger switch_deliveries
  after insert or update of state or delete or truncate on sessions.endpoints
  for each statement execute function sessions.switch_deliveries();

-- Creating the trigger on the history has enabled it.
update sessions.endpoints e set state = e.state where true;


create or replace function sessions.claim_deliveries(batch_size integer default 100, from_endpoint text default null)
returns table (id uuid, endpoint text, url text, attempt integer, data jsonb)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_kept_since timestamptz := v_now - (sessions.current_settings()).history_retention;
  v_endpoints sessions.endpoints[];
  v_endpoint sessions.endpoints;
begin
  perform sessions.operator();
  if (batch_size between 1 and 1000) is not true then
    perform sessions.refuse_argument('batch_size', 'from 1 to 1000');
  end if;
  if octet_length(from_endpoint) > 63 then
    perform sessions.refuse_argument('from_endpoint', 'the name of an endpoint');
  end if;

  delete from sessions.deliveries d
  where d.id = any (
    array(
      select o.id
      from sessions.deliveries o
      where o.created_at < v_kept_since
      order by o.created_at
      limit batch_size
      for update skip locked
    )
  );

  -- An equal share for each that waits, so that the backlog of one does not hold up the others; of too many, some.
  v_endpoints := array(
    select e
    from sessions.endpoints e
    where e.state = 'on' and (from_endpoint is null or e.name = from_endpoint)
      and exists (select from sessions.deliveries d where d.endpoint = e.name and d.due_at <= v_now)
    order by random()
    limit batch_size
  );
  foreach v_endpoint in array v_endpoints loop
    return query
      with due as (
        select d.id
        from sessions.deliveries d
        where d.endpoint = v_endpoint.name and d.due_at <= v_now
        order by d.due_at
        limit batch_size / cardinality(v_endpoints)
        for update skip locked
      ),
      claimed as (
        update sessions.deliveries d
        set
          attempts = least(d.attempts + 1, 12),
          -- If no result comes, it is due again. One whose twelfth attempt has no result is dead.
          due_at = case when d.attempts < 12 then v_now + interval '2 minutes' end
        where d.id in (select due.id from due)
        returning d.id, d.attempts, d.data, d.due_at
      )
      select c.id, v_endpoint.name, v_endpoint.url, c.attempts, c.data
      from claimed c
      where c.due_at is not null;
  end loop;
end
$$;

revoke all on function sessions.claim_deliveries(integer, text) from public, anon, authenticated, service_role;
grant execute on function sessions.claim_deliveries(integer, text) to service_role;
comment on function sessions.claim_deliveries(integer, text) is 'Implements public.claim_deliveries().';


create or replace function sessions.settle_deliveries(results jsonb)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_result record;
  v_delivery sessions.deliveries;
  v_settled integer := 0;
  -- Names of endpoints, and the last error of each.
  v_confirmed text[] := array[]::text[];
  v_errors jsonb := jsonb '{}';
begin
  perform sessions.operator();
  if (jsonb_typeof(results) = 'array' and jsonb_array_length(results) <= 1000) is not true then
    perform sessions.refuse_argument('results', 'an array of at most 1000 results');
  end if;
  if jsonb_path_exists(results, '$[*] ? (@.type() != "object")') or exists (
    select
    from jsonb_to_recordset(results) r (id uuid, attempt integer, outcome text)
    where (r.id is not null and r.attempt between 1 and 12 and r.outcome in ('delivered', 'failed', 'gone', 'put_back')) is not true
  ) then
    perform sessions.refuse_argument(
      'results', 'objects with id, attempt (1 to 12), outcome (delivered, failed, gone or put_back) and, unless delivered, error'
    );
  end if;

  -- In the order in which an endpoint that is deleted locks: the endpoint, then its deliveries; and by name and id, so
  -- that calls at the same time cannot deadlock.
  perform
  from sessions.endpoints e
  where e.name in (
    select d.endpoint from sessions.deliveries d join jsonb_to_recordset(results) r (id uuid) on r.id = d.id
  )
  order by e.name
  for no key update;

  for v_result in
    select * from jsonb_to_recordset(results) r (id uuid, attempt integer, outcome text, error text) order by r.id
  loop
    if v_result.outcome = 'delivered' then
      -- Whichever attempt it was.
      delete from sessions.deliveries d where d.id = v_result.id returning * into v_delivery;
    else
      -- Not if the time of this attempt was over and another one has begun.
      update sessions.deliveries d
      set
        attempts = d.attempts - (v_result.outcome = 'put_back')::integer,
        due_at = case
          when v_result.outcome = 'put_back' then v_now + interval '1 minute'
          -- From 40 seconds to 11 hours, give or take a half: 12 attempts in about a day.
          when d.attempts < 12 then v_now + interval '40 seconds' * 2 ^ (d.attempts - 1) * (0.5 + random())
        end,
        last_error = coalesce(left(v_result.error, 500), d.last_error)
      where d.id = v_result.id and d.attempts = v_result.attempt and d.due_at is not null
      returning * into v_delivery;
    end if;
    continue when not found;

    v_settled := v_settled + 1;
    if v_result.outcome = 'delivered' then
      v_confirmed := v_confirmed || v_delivery.endpoint;
    elsif v_result.error is not null then
      v_errors := v_errors || jsonb_build_object(v_delivery.endpoint, left(v_result.error, 500));
    end if;
    if v_result.outcome = 'gone' then
      -- Unless it was turned off meanwhile.
      update sessions.endpoints e set state = 'gone' where e.name = v_delivery.endpoint and e.state = 'on';
    end if;
  end loop;

  update sessions.endpoints e
  set
    delivered = e.delivered + cardinality(array_positions(v_confirmed, e.name)),
    last_delivered_at = case when e.name = any (v_confirmed) then v_now else e.last_delivered_at end,
    last_error = case when v_errors ? e.name then v_errors ->> e.name else e.last_error end,
    last_error_at = case when v_errors ? e.name then v_now else e.last_error_at end
  where e.name = any (v_confirmed) or v_errors ? e.name;

  return v_settled;
end
$$;

revoke all on function sessions.settle_deliveries(jsonb) from public, anon, authenticated, service_role;
grant execute on function sessions.settle_deliveries(jsonb) to service_role;
comment on function sessions.settle_deliveries(jsonb) is 'Implements public.settle_deliveries().';


create or replace function sessions.delivery_state(due_at timestamptz, endpoint_state text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case when due_at is null then 'dead' when endpoint_state <> 'on' then 'on_hold' else 'pending' end;
end
$$;

revoke all on function sessions.delivery_state(timestamptz, text) from public, anon, authenticated, service_role;
comment on function sessions.delivery_state(timestamptz, text) is
  'The state of a delivery that is not confirmed: pending, dead, or on_hold while its endpoint is not on.';


create or replace function sessions.list_deliveries(dead boolean default null, at_most integer default 100)
returns table (
  id uuid,
  endpoint text,
  state text,
  user_id uuid,
  session_id text,
  end_reason text,
  created_at timestamptz,
  attempts integer,
  due_at timestamptz,
  last_error text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.operator();
  if (at_most between 1 and 1000) is not true then
    perform sessions.refuse_argument('at_most', 'from 1 to 1000');
  end if;

  return query
    select
      d.id, d.endpoint, sessions.delivery_state(d.due_at, e.state),
      (d.data ->> 'user_id')::uuid, d.data ->> 'session_id', d.data ->> 'end_reason',
      d.created_at, d.attempts, d.due_at, d.last_error
    from sessions.deliveries d
    join sessions.endpoints e on e.name = d.endpoint
    where list_deliveries.dead is null or (d.due_at is null) = list_deliveries.dead
    order by d.created_at
    limit at_most;
end
$$;

revoke all on function sessions.list_deliveries(boolean, integer) from public, anon, authenticated, service_role;
grant execute on function sessions.list_deliveries(boolean, integer) to service_role;
comment on function sessions.list_deliveries(boolean, integer) is 'Implements public.list_deliveries().';


create or replace function sessions.revive_deliveries(endpoint text, id uuid)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
  v_now timestamptz := clock_timestamp();
begin
  update sessions.deliveries d
  set attempts = 0, due_at = v_now
  where d.id = any (
    array(
      select o.id
      from sessions.deliveries o
      where o.due_at is null
        and (revive_deliveries.endpoint is null or o.endpoint = revive_deliveries.endpoint)
        and (revive_deliveries.id is null or o.id = revive_deliveries.id)
      limit 10000
      for update skip locked
    )
  );
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

revoke all on function sessions.revive_deliveries(text, uuid) from public, anon, authenticated, service_role;
comment on function sessions.revive_deliveries(text, uuid) is
  'Makes dead deliveries due now, with 12 attempts, at most 10000; returns how many. Null: any endpoint, any id.';


create or replace function sessions.retry_deliveries(endpoint text default null, id uuid default null)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
begin
  perform sessions.operator();
  if octet_length(endpoint) > 63 then
    perform sessions.refuse_argument('endpoint', 'the name of an endpoint');
  end if;
  return sessions.revive_deliveries(endpoint, id);
end
$$;

revoke all on function sessions.retry_deliveries(text, uuid) from public, anon, authenticated, service_role;
grant execute on function sessions.retry_deliveries(text, uuid) to service_role;
comment on function sessions.retry_deliveries(text, uuid) is 'Implements public.retry_deliveries().';


create or replace function sessions.drop_deliveries(endpoint text default null, id uuid default null)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_count integer;
begin
  perform sessions.operator();
  if octet_length(endpoint) > 63 then
    perform sessions.refuse_argument('endpoint', 'the name of an endpoint');
  end if;
  if endpoint is null and id is null then
    perform sessions.refuse_argument('endpoint', 'given, or id');
  end if;

  delete from sessions.deliveries d
  where d.id = any (
    array(
      select o.id
      from sessions.deliveries o
      where (drop_deliveries.endpoint is null or o.endpoint = drop_deliveries.endpoint)
        and (drop_deliveries.id is null or o.id = drop_deliveries.id)
      limit 10000
      for update skip locked
    )
  );
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

revoke all on function sessions.drop_deliveries(text, uuid) from public, anon, authenticated, service_role;
grant execute on function sessions.drop_deliveries(text, uuid) to service_role;
comment on function sessions.drop_deliveries(text, uuid) is 'Implements public.drop_deliveries().';


create or replace function sessions.delivery_health(out pending bigint, out oldest_age interval, out dead bigint, out problem text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_gone text := (select string_agg(e.name, ', ' order by e.name) from sessions.endpoints e where e.state = 'gone');
begin
  -- Counted up to 10000: the cost does not grow with the backlog.
  pending := (select count(*) from (select from sessions.deliveries d where d.due_at is not null limit 10000) x);
  dead := (select count(*) from (select from sessions.deliveries d where d.due_at is null limit 10000) x);
  oldest_age := v_now - (
    select min(o.created_at)
    from (
      select d.created_at from sessions.deliveries d where d.due_at is not null order by d.created_at limit 1
    ) o
  );

  problem := case
    when dead > 0 then format(
      '%s deliveries are dead: their receiver did not confirm them in 12 attempts. See list_deliveries(true), then retry_deliveries() or drop_deliveries().',
      dead
    )
    when v_gone is not null then format(
      'Endpoints answered 410 Gone and get nothing more: %s. Set their state to on again, or delete them from sessions.endpoints.', v_gone
    )
    when oldest_age > interval '1 hour' then format(
      '%s deliveries are pending, the oldest for %s: the receiver does not confirm them, or its endpoint is off. See list_deliveries().',
      pending, date_trunc('second', oldest_age)
    )
  end;
end
$$;

revoke all on function sessions.delivery_health() from public, anon, authenticated, service_role;
comment on function sessions.delivery_health() is
  'Pending and dead deliveries, each counted up to 10000, the age of the oldest pending one, and what is wrong, if anything. Part of session_health().';


-- The API of this chapter.

create or replace function public.claim_deliveries(batch_size integer default 100, from_endpoint text default null)
returns table (id uuid, endpoint text, url text, attempt integer, data jsonb)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.claim_deliveries(batch_size, from_endpoint);
end
$$;

revoke all on function public.claim_deliveries(integer, text) from public, anon, authenticated, service_role;
grant execute on function public.claim_deliveries(integer, text) to service_role;
comment on function public.claim_deliveries(integer, text) is
  'Takes at most batch_size (1 to 1000) deliveries that are due, of one endpoint or in equal shares of all that are on, for 2 minutes: after that, those without a result are due again. Calls at the same time get different ones. Also deletes deliveries past sessions.settings.history_retention. For service_role.';


create or replace function public.settle_deliveries(results jsonb)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return sessions.settle_deliveries(results);
end
$$;

revoke all on function public.settle_deliveries(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.settle_deliveries(jsonb) to service_role;
comment on function public.settle_deliveries(jsonb) is
  'Records what became of claimed deliveries and returns how many were settled. An array of at most 1000 objects: id, attempt, outcome and, unless delivered, error. delivered removes it; failed schedules the next attempt, 12 in about a day, then it is dead; gone also stops the endpoint; put_back is due again in a minute and does not count as an attempt. Ignores results of an attempt that is no longer the last one, except delivered. For service_role.';


create or replace function public.list_deliveries(dead boolean default null, at_most integer default 100)
returns table (
  id uuid,
  endpoint text,
  state text,
  user_id uuid,
  session_id text,
  end_reason text,
  created_at timestamptz,
  attempts integer,
  due_at timestamptz,
  last_error text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from sessions.list_deliveries(dead, at_most);
end
$$;

revoke all on function public.list_deliveries(boolean, integer) from public, anon, authenticated, service_role;
grant execute on function public.list_deliveries(boolean, integer) to service_role;
comment on function public.list_deliveries(boolean, integer) is
  'The oldest deliveries that are not confirmed, at most at_most (1 to 1000): dead ones (true), the others (false), or both. state: pending, dead, or on_hold while the endpoint is not on. For service_role.';


create or replace function public.retry_deliveries(endpoint text default null, id uuid default null)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return sessions.retry_deliveries(endpoint, id);
end
$$;

revoke all on function public.retry_deliveries(text, uuid) from public, anon, authenticated, service_role;
grant execute on function public.retry_deliveries(text, uuid) to service_role;
comment on function public.retry_deliveries(text, uuid) is
  'Revives dead deliveries, all or those of an endpoint or one: due now, with 12 attempts. At most 10000 per call; returns how many. For service_role.';


create or replace function public.drop_deliveries(endpoint text default null, id uuid default null)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  return sessions.drop_deliveries(endpoint, id);
end
$$;

revoke all on function public.drop_deliveries(text, uuid) from public, anon, authenticated, service_role;
grant execute on function public.drop_deliveries(text, uuid) to service_role;
comment on function public.drop_deliveries(text, uuid) is
  'Deletes deliveries that are not confirmed, dead or not, of an endpoint or one: their receiver is never told. At most 10000 per call; returns how many. For service_role.';


-- Tells PostgREST to reload its schema cache.
notify pgrst, 'reload schema';


reset lock_timeout;
