-- What an operator does: revoke a user's session, and reap the stale ones.
--
-- The reaper is a broom. It keeps the live table small and the history complete; whether it runs is of no consequence
-- for what any function answers.


create or replace function sessions.operator()
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Inside a definer function current_user is its owner. Who called is in the setting that SET ROLE makes (the API's
  -- way), else in who has logged in (psql's).
  v_role text := coalesce(nullif(current_setting('role', true), 'none'), session_user);
begin
  if not pg_has_role(v_role, 'service_role', 'usage')
    and (auth.jwt() -> 'app_metadata' -> 'session_admin') is distinct from 'true'
  then
    raise insufficient_privilege using
      message = format('The role %s may not operate interview sessions.', v_role),
      hint = 'Call with a secret key of the project (service_role), as postgres, or as a user with "session_admin": true in app_metadata.';
  end if;

  return v_role;
end
$$;

revoke all on function sessions.operator() from public, anon, authenticated, service_role;
comment on function sessions.operator() is
  'The role that is calling; 42501 unless it has the rights of service_role, as postgres does, or calls for a user whose token has app_metadata.session_admin, which only the secret key can set. A second check behind the grants.';


create or replace function sessions.revoke_session(user_id uuid, note text default null)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
  v_row public.active_interview_sessions;
  v_now timestamptz;
begin
  perform sessions.operator();
  if user_id is null then
    perform sessions.refuse_argument('user_id', 'the id of a user');
  end if;
  if char_length(note) > 1000 then
    perform sessions.refuse_argument('note', 'at most 1000 characters');
  end if;

  if not sessions.hold_user(user_id) then
    return;
  end if;
  -- A takeover under way has removed one session and not yet shown the next: without waiting for it, this would end none.
  perform sessions.hold_starts(user_id);

  select * into v_row
  from public.active_interview_sessions a
  where a.user_id = revoke_session.user_id
  for update;

  v_now := clock_timestamp();
  if v_row.expires_at > v_now then
    return next sessions.retire(v_row, 'revoked', v_now, auth.uid(), note);
  end if;
end
$$;

revoke all on function sessions.revoke_session(uuid, text) from public, anon, authenticated, service_role;
grant execute on function sessions.revoke_session(uuid, text) to service_role;
comment on function sessions.revoke_session(uuid, text) is 'What public.revoke_session() does.';


create or replace function sessions.reap_batch(batch_size integer, at timestamptz)
returns setof public.interview_session_history
language sql
set search_path = pg_catalog, pg_temp
-- One by its key after the other. The planner takes the batch for a tenth of the table, whatever its size, and would
-- read all of the table once more to join the two.
set enable_hashjoin = off
set enable_mergejoin = off
as $$
  -- Skip what is locked: somebody is busy with that session, or the user is being deleted, and the next run will see.
  -- A row that a heartbeat renewed before it could be locked is looked at again, under the lock, and left.
  with stale as (
    select a.user_id
    from public.active_interview_sessions a
    cross join lateral (
      select from auth.users u where u.id = a.user_id for key share skip locked
    ) held
    where a.expires_at <= at
    limit batch_size
    for update of a skip locked
  ),
  gone as (
    delete from public.active_interview_sessions a
    using stale
    where a.user_id = stale.user_id
    returning a.*
  )
  insert into public.interview_session_history (
    user_id, session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status, previous_session_id
  )
  select
    g.user_id, g.session_id, g.fence, g.device, g.created_at, g.updated_at, g.expires_at,
    sessions.stale_reason(g.expires_at, g.deadline_at), g.status, g.previous_session_id
  from gone g
  returning *;
$$;

revoke all on function sessions.reap_batch(integer, timestamptz) from public, anon, authenticated, service_role;
comment on function sessions.reap_batch(integer, timestamptz) is 'Moves at most batch_size sessions that were stale at that time to the history, all of them or none.';


create or replace function sessions.reap_one_by_one(
  batch_size integer,
  at timestamptz,
  out reaped public.interview_session_history[],
  out failed integer
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id record;
  v_row public.active_interview_sessions;
begin
  reaped := '{}';
  failed := 0;

  for v_id in
    select a.user_id, a.session_id from public.active_interview_sessions a where a.expires_at <= at
  loop
    exit when cardinality(reaped) >= batch_size;

    begin
      select a.* into v_row
      from public.active_interview_sessions a
      cross join lateral (
        select from auth.users u where u.id = a.user_id for key share skip locked
      ) held
      where a.user_id = v_id.user_id and a.expires_at <= at
      for update of a skip locked;

      if found then
        reaped := reaped || sessions.retire(v_row, null, at);
      end if;
    exception
      -- That is the moment's fault, or the server's, and no session's.
      when serialization_failure or deadlock_detected or lock_not_available or insufficient_resources then
        raise;
      when others then
        failed := failed + 1;
        raise warning 'The stale session % of user % could not be reaped: % (%)', v_id.session_id, v_id.user_id, sqlerrm, sqlstate
          using hint = 'The others are reaped all the same. Remove the cause; the next run tries this one again.';
    end;
  end loop;
end
$$;

revoke all on function sessions.reap_one_by_one(integer, timestamptz) from public, anon, authenticated, service_role;
comment on function sessions.reap_one_by_one(integer, timestamptz) is
  'Does what reap_batch() does, session by session: those that cannot be moved are counted, with a warning each, and stay.';


create or replace function sessions.prune_history(at_most integer)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
-- By the index, whatever the statistics say: they lag behind, and this runs every minute.
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  v_kept_since timestamptz := (select clock_timestamp() - s.history_retention from sessions.settings s);
  v_pruned integer;
begin
  delete from public.interview_session_history h
  where h.ctid = any (
    array(
      select p.ctid
      from public.interview_session_history p
      where p.ended_at < v_kept_since
      order by p.ended_at
      limit at_most
      for update skip locked
    )
  );
  get diagnostics v_pruned = row_count;

  return v_pruned;
end
$$;

revoke all on function sessions.prune_history(integer) from public, anon, authenticated, service_role;
comment on function sessions.prune_history(integer) is 'Deletes at most so many rows of the history that are past their retention, the oldest first. Returns how many.';


create or replace function sessions.reap_stale_sessions(batch_size integer default 1000, dry_run boolean default false)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
  v_role text := sessions.operator();
  v_now timestamptz := clock_timestamp();
  v_reaped public.interview_session_history[];
  v_failed integer := 0;
  v_pruned integer;
begin
  if batch_size is null or batch_size < 1 then
    perform sessions.refuse_argument('batch_size', 'at least 1');
  end if;
  if dry_run is null then
    perform sessions.refuse_argument('dry_run', 'true or false');
  end if;

  if dry_run then
    return query
      select
        a.user_id, a.session_id, a.fence, a.device, a.created_at, a.updated_at, a.expires_at,
        sessions.stale_reason(a.expires_at, a.deadline_at), a.status, a.previous_session_id, null::uuid, null::text, a.expires_at - a.created_at
      from public.active_interview_sessions a
      where a.expires_at <= v_now
      limit batch_size;
    return;
  end if;

  begin
    v_reaped := array(select h from sessions.reap_batch(batch_size, v_now) h);
  exception
    when serialization_failure or deadlock_detected or lock_not_available or insufficient_resources then
      raise;
    when others then
      -- One of them cannot be moved. Find out which, and move the others.
      select r.reaped, r.failed into v_reaped, v_failed from sessions.reap_one_by_one(batch_size, v_now) r;
  end;

  v_pruned := sessions.prune_history(batch_size);

  insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took)
  values (v_now, v_role, cardinality(v_reaped), v_failed, v_pruned, clock_timestamp() - v_now);

  delete from sessions.reaper_runs r
  where r.id in (
    select o.id
    from sessions.reaper_runs o
    where o.ran_at < v_now - interval '7 days'
    limit batch_size
    for update skip locked
  );

  return query select * from unnest(v_reaped);
end
$$;

revoke all on function sessions.reap_stale_sessions(integer, boolean) from public, anon, authenticated, service_role;
grant execute on function sessions.reap_stale_sessions(integer, boolean) to service_role;
comment on function sessions.reap_stale_sessions(integer, boolean) is 'What public.reap_stale_sessions() does.';
