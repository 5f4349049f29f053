-- What an operator does: ask whether a user holds a session, revoke it, extend an interview, reap stale sessions.
--
-- The reaper only keeps the live table small and the history complete. Whether it runs changes no answer.

-- Fails rather than make live traffic wait behind it. Reset at the end.
set lock_timeout = '5s';


create or replace function sessions.operator()
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- In a definer function current_user is its owner. The caller is in the setting that SET ROLE makes (the API's way),
  -- else in who logged in (psql's).
  v_role text := coalesce(nullif(current_setting('role', true), 'none'), session_user);
begin
  if not pg_has_role(v_role, 'service_role', 'usage') then
    raise insufficient_privilege using
      message = format('The role %s may not operate interview sessions.', v_role),
      hint = 'Call with a secret key of the project (service_role), or as postgres.';
  end if;

  return v_role;
end
$$;

revoke all on function sessions.operator() from public, anon, authenticated, service_role;
comment on function sessions.operator() is
  'The role that is calling; 42501 unless it has the rights of service_role, as postgres does. A second check behind the grants.';


create or replace function sessions.user_holds_session(
  user_id uuid,
  session_id text,
  fence bigint default null,
  interview_id text default null
)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.operator();
  return sessions.is_held(user_id, session_id, fence, interview_id);
end
$$;

revoke all on function sessions.user_holds_session(uuid, text, bigint, text) from public, anon, authenticated, service_role;
grant execute on function sessions.user_holds_session(uuid, text, bigint, text) to service_role;
comment on function sessions.user_holds_session(uuid, text, bigint, text) is 'Implements public.user_holds_session().';


create or replace function sessions.check_note(note text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if octet_length(note) > 4000 or char_length(note) > 1000 then
    perform sessions.refuse_argument('note', 'at most 1000 characters');
  end if;
end
$$;

revoke all on function sessions.check_note(text) from public, anon, authenticated, service_role;
comment on function sessions.check_note(text) is 'Raises 22023 if this is too long for a note of an operator. Null passes.';


create or replace function sessions.revoke(user_id uuid, note text, role text)
returns setof public.interview_session_history
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row public.active_interview_sessions;
  v_ended public.interview_session_history;
  v_now timestamptz;
begin
  if user_id is null then
    perform sessions.refuse_argument('user_id', 'the id of a user');
  end if;
  perform sessions.check_note(note);

  perform from auth.users u where u.id = revoke.user_id for key share;
  if not found then
    -- The history references the user, so no row can be written there.
    delete from public.active_interview_sessions a where a.user_id = revoke.user_id;
    if found then
      raise warning 'The session of user % was removed without a history row: the user no longer exists.', user_id;
    end if;
    return;
  end if;

  -- Not the lock of the user's starts: revoking thousands at once would fill the lock table of the server. A takeover
  -- that was under way replaces the row while this waits for it; then look again.
  loop
    select * into v_row from public.active_interview_sessions a where a.user_id = revoke.user_id for update;
    exit when found or not exists (select from public.active_interview_sessions a where a.user_id = revoke.user_id);
  end loop;
  if v_row.user_id is null then
    perform sessions.check_snapshot(user_id);
  end if;

  v_now := clock_timestamp();
  if v_row.expires_at > v_now then
    v_ended := sessions.retire(v_row, v_now, 'revoked');
    insert into sessions.revocations (user_id, session_id, revoked_at, revoked_by, role, note)
    values (user_id, v_ended.session_id, v_now, auth.uid(), role, note);
    return next v_ended;
  end if;
end
$$;

revoke all on function sessions.revoke(uuid, text, text) from public, anon, authenticated, service_role;
comment on function sessions.revoke(uuid, text, text) is 'Ends a user''s live session as revoked, whoever asks; the callers check who may.';


create or replace function sessions.revoke_session(user_id uuid, note text default null)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
begin
  return query select * from sessions.revoke(user_id, note, sessions.operator());
end
$$;

revoke all on function sessions.revoke_session(uuid, text) from public, anon, authenticated, service_role;
grant execute on function sessions.revoke_session(uuid, text) to service_role;
comment on function sessions.revoke_session(uuid, text) is 'Implements public.revoke_session().';


create or replace function sessions.extend(user_id uuid, interview_id text, by interval, note text, role text)
returns setof public.interviews
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings sessions.settings := sessions.current_settings();
  v_seconds numeric := extract(epoch from by);
  v_by interval;
  v_extended integer := coalesce(nullif(current_setting('sessions.extended', true), '')::integer, 0) + 1;
  v_row public.active_interview_sessions;
  v_interview public.interviews;
  v_now timestamptz;
begin
  if user_id is null then
    perform sessions.refuse_argument('user_id', 'the id of a user');
  end if;
  if not sessions.is_line(coalesce(interview_id, ''), 1, 128) then
    perform sessions.refuse_line('interview_id', 1, 128);
  end if;
  if (v_seconds > 0 and v_seconds <= 365 * 86400) is not true then
    perform sessions.refuse_argument('by', 'an interval from 1 microsecond to 365 days');
  end if;
  v_by := make_interval(secs => v_seconds);
  perform sessions.check_note(note);
  -- Each extension holds a lock in the shared lock table until its transaction ends. The counter is a setting of the
  -- transaction.
  if v_extended > 500 then
    raise program_limit_exceeded using
      message = 'More than 500 interviews were extended in one transaction. Nothing was changed.',
      hint = 'Extend at most 500 at a time and commit in between.';
  end if;
  perform set_config('sessions.extended', v_extended::text, true);

  if not sessions.lock_user(user_id) then
    return;
  end if;
  select * into v_row
  from public.active_interview_sessions a
  where a.user_id = extend.user_id and a.interview_id = extend.interview_id
  for no key update;
  perform from public.interviews i
  where i.user_id = extend.user_id and i.interview_id = extend.interview_id
  for no key update;
  v_now := clock_timestamp();

  update public.interviews i
  set deadline_at = i.deadline_at + v_by
  where i.user_id = extend.user_id
    and i.interview_id = extend.interview_id
    -- Past its retention it is forgotten, pruned or not.
    and i.deadline_at >= v_now - v_settings.history_retention
  returning * into v_interview;
  if not found then
    perform sessions.check_snapshot(user_id, interview_id => extend.interview_id);
    return;
  end if;

  -- Only a live session: the row of a stale one says how it ended.
  update public.active_interview_sessions a
  set
    deadline_at = greatest(a.deadline_at, v_interview.deadline_at),
    expires_at = greatest(
      a.expires_at,
      least(a.updated_at + v_settings.lease, greatest(a.deadline_at, v_interview.deadline_at))
    )
  where a.user_id = v_row.user_id and a.expires_at > v_now;
  if not found and v_row.expires_at > v_now then
    perform sessions.refuse_suppressed('public.active_interview_sessions');
  end if;

  insert into sessions.extensions (user_id, interview_id, extended_at, extended_by, role, extended, note)
  values (user_id, interview_id, v_now, auth.uid(), role, v_by, note);
  return next v_interview;
end
$$;

revoke all on function sessions.extend(uuid, text, interval, text, text) from public, anon, authenticated, service_role;
comment on function sessions.extend(uuid, text, interval, text, text) is
  'Moves the deadline of an interview, whoever asks; the callers check who may.';


create or replace function sessions.extend_interview(user_id uuid, interview_id text, by interval, note text default null)
returns setof public.interviews
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
begin
  return query select * from sessions.extend(user_id, interview_id, by, note, sessions.operator());
end
$$;

revoke all on function sessions.extend_interview(uuid, text, interval, text) from public, anon, authenticated, service_role;
grant execute on function sessions.extend_interview(uuid, text, interval, text) to service_role;
comment on function sessions.extend_interview(uuid, text, interval, text) is 'Implements public.extend_interview().';


create or replace function sessions.retire_stale(user_ids uuid[])
returns public.interview_session_history[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_gone integer;
  v_ended public.interview_session_history[];
begin
  with gone as (
    delete from public.active_interview_sessions a where a.user_id = any (user_ids) returning *
  ),
  ended as (
    insert into public.interview_session_history as h (
      user_id, session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status, previous_session_id, interview_id
    )
    select
      g.user_id, g.session_id, g.fence, g.device, g.created_at, g.updated_at, greatest(g.created_at, g.expires_at),
      sessions.stale_reason(g.expires_at, g.deadline_at), g.status, g.previous_session_id, g.interview_id
    from gone g
    returning h as row
  )
  select (select count(*) from gone), array(select e.row from ended e) into v_gone, v_ended;

  if v_gone < cardinality(user_ids) then
    perform sessions.refuse_suppressed('public.active_interview_sessions');
  end if;
  if cardinality(v_ended) < v_gone then
    perform sessions.refuse_suppressed('public.interview_session_history');
  end if;
  return v_ended;
end
$$;

revoke all on function sessions.retire_stale(uuid[]) from public, anon, authenticated, service_role;
comment on function sessions.retire_stale(uuid[]) is
  'Moves the stale sessions of these users, whose rows are locked, to the history in one statement: all of them, or an error.';


create or replace function sessions.pick_stale(batch_size integer, at timestamptz)
returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_picked uuid[];
  v_due uuid[];
begin
  -- Skip what is locked: another call is busy with that session, and the next run sees the result. A row that a
  -- heartbeat renewed before it could be locked is checked again under the lock and left.
  v_picked := array(
    select a.user_id
    from public.active_interview_sessions a
    where a.expires_at <= at and not exists (select from sessions.reap_failures f where f.fence = a.fence)
    limit batch_size
    for update of a skip locked
  );

  -- What failed before comes last, and only a tenth of a batch of it. If it fails again, it is recorded again.
  with due as (
    delete from sessions.reap_failures f
    where f.fence = any (
      array(
        select d.fence
        from sessions.reap_failures d
        where d.retry_at <= at
        order by d.retry_at
        limit least(batch_size - cardinality(v_picked), ceil(batch_size / 10.0)::integer)
        for update skip locked
      )
    )
    returning f.user_id
  )
  select array_agg(due.user_id) into v_due from due;
  return v_picked || array(
    select a.user_id
    from public.active_interview_sessions a
    where a.user_id = any (v_due) and a.expires_at <= at
    for update skip locked
  );
end
$$;

revoke all on function sessions.pick_stale(integer, timestamptz) from public, anon, authenticated, service_role;
comment on function sessions.pick_stale(integer, timestamptz) is
  'Locks at most batch_size sessions that were stale at that time and returns their users: first those that never failed, then those whose retry is due.';


create or replace function sessions.cannot_write(state text)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Classes 25 (transaction state: read-only) and 53 (resources: disk or memory full).
  return left(state, 2) in ('25', '53');
end
$$;

revoke all on function sessions.cannot_write(text) from public, anon, authenticated, service_role;
comment on function sessions.cannot_write(text) is
  'Whether an error of this SQLSTATE says that the server cannot write, whatever the row.';


create or replace function sessions.prune_history(kept_since timestamptz, at_most integer)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
-- By index, whatever the statistics say: they lag, and this runs every minute.
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  v_picked tid[] := array(
    select p.ctid
    from public.interview_session_history p
    where p.ended_at < kept_since
      and p.ended_at < (select min(o.ended_at) from public.interview_session_history o) + interval '1 day'
    order by p.ended_at
    limit at_most
    for update skip locked
  );
  v_pruned integer;
begin
  delete from public.interview_session_history h where h.ctid = any (v_picked);
  get diagnostics v_pruned = row_count;
  if v_pruned < cardinality(v_picked) then
    perform sessions.refuse_suppressed('public.interview_session_history');
  end if;

  return v_pruned;
end
$$;

revoke all on function sessions.prune_history(timestamptz, integer) from public, anon, authenticated, service_role;
comment on function sessions.prune_history(timestamptz, integer) is
  'Deletes at most so many rows of the history that ended before, the oldest first and only of the oldest day. Returns how many.';


create or replace function sessions.prune_interviews(kept_since timestamptz, at_most integer)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  v_picked tid[] := array(
    select p.ctid
    from public.interviews p
    where p.deadline_at < kept_since
      and p.deadline_at < (select min(o.deadline_at) from public.interviews o) + interval '1 day'
    order by p.deadline_at
    limit at_most
    for update skip locked
  );
  v_pruned integer;
begin
  delete from public.interviews i where i.ctid = any (v_picked);
  get diagnostics v_pruned = row_count;
  if v_pruned < cardinality(v_picked) then
    perform sessions.refuse_suppressed('public.interviews');
  end if;

  return v_pruned;
end
$$;

revoke all on function sessions.prune_interviews(timestamptz, integer) from public, anon, authenticated, service_role;
comment on function sessions.prune_interviews(timestamptz, integer) is
  'Deletes at most so many interviews whose deadline was before, the oldest first and only of the oldest day. Returns how many.';


create or replace function sessions.reap_stale_sessions(batch_size integer default 1000, dry_run boolean default false)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_role text := sessions.operator();
  v_settings sessions.settings := sessions.current_settings();
  v_now timestamptz := clock_timestamp();
  v_picked uuid[];
  v_movable uuid[];
  v_chunk uuid[];
  v_user uuid;
  v_ended public.interview_session_history[] := array[]::public.interview_session_history[];
  v_failed uuid[] := array[]::uuid[];
  v_error text;
  v_orphaned integer := 0;
  v_kept_since timestamptz := v_now - v_settings.history_retention;
  v_pruned integer := 0;
  v_prunes_failed integer := 0;
begin
  if (batch_size between 1 and 10000) is not true then
    perform sessions.refuse_argument('batch_size', 'from 1 to 10000');
  end if;
  if dry_run is null then
    perform sessions.refuse_argument('dry_run', 'true or false');
  end if;

  if dry_run then
    return query
      select
        a.user_id, a.session_id, a.fence, a.device, a.created_at, a.updated_at, a.expires_at,
        sessions.stale_reason(a.expires_at, a.deadline_at), a.status, a.previous_session_id,
        -- The last is ended_fence, which is drawn when the session is moved.
        a.expires_at - a.created_at, a.interview_id, null::bigint
      from public.active_interview_sessions a
      where a.expires_at <= v_now
      limit batch_size;
    return;
  end if;

  if current_setting('request.path', true) = '/rpc/reap_stale_sessions' and pg_current_xact_id_if_assigned() is null then
    -- The whole request. What a crash of the server loses, the next run does again; the disk is left to live traffic.
    perform set_config('synchronous_commit', 'off', true);
  end if;

  -- Check deferred constraints now and from here on: one that the caller has violated is the caller's error, and one that
  -- a session violates must fail in the statement that moves it, not at the commit, where it would undo the whole run.
  set constraints all immediate;

  -- 1. Pick. Users who are being deleted are skipped; their sessions go with them.
  v_picked := sessions.pick_stale(batch_size, v_now);
  v_movable := array(select u.id from auth.users u where u.id = any (v_picked) for key share skip locked);

  -- 2. Move, in chunks: an error in one statement undoes it, so find out which sessions of the chunk cannot be moved, and
  -- move the others. If triggers of the app make this slow, keep what was done before the caller's statement_timeout
  -- undoes it; the next run goes on.
  for v_first in 1 .. cardinality(v_movable) by 50 loop
    exit when clock_timestamp() > v_now + interval '3 seconds';
    v_chunk := v_movable[v_first : v_first + 49];
    begin
      v_ended := v_ended || sessions.retire_stale(v_chunk);
    exception
      when assert_failure or others then
        if sessions.cannot_write(sqlstate) then
          raise;
        end if;
        foreach v_user in array v_chunk loop
          begin
            v_ended := v_ended || sessions.retire_stale(array[v_user]);
          exception
            when assert_failure or others then
              if sessions.cannot_write(sqlstate) then
                raise;
              end if;
              v_failed := v_failed || v_user;
              v_error := coalesce(v_error, format('%s (%s)', sqlerrm, sqlstate));
          end;
          exit when clock_timestamp() > v_now + interval '3 seconds';
        end loop;
    end;
  end loop;

  -- 3. Remove those without a user.
  begin
    delete from public.active_interview_sessions a
    where a.user_id = any (v_picked) and not exists (select from auth.users u where u.id = a.user_id);
    get diagnostics v_orphaned = row_count;
  exception
    when assert_failure or others then
      v_error := coalesce(v_error, format('%s (%s)', sqlerrm, sqlstate));
  end;
  v_failed := v_failed || array(
    select a.user_id
    from public.active_interview_sessions a
    where a.user_id = any (v_picked) and not exists (select from auth.users u where u.id = a.user_id)
  );
  if v_orphaned > 0 then
    raise warning '% stale sessions were removed without a history row: their users no longer exist.', v_orphaned
      using hint = 'They were deleted with foreign keys switched off (session_replication_role = replica).';
  end if;

  -- 4. Record the failures.
  if v_failed <> '{}' then
    raise warning '% stale sessions could not be reaped. The first: user %: %',
      cardinality(v_failed), v_failed[1], coalesce(v_error, 'a trigger suppressed the write')
      using hint = 'Remove the cause. They are tried again later and do not hold up others.';
    -- Wait as long again as the session has been overdue: from 2 minutes up to a day.
    insert into sessions.reap_failures (fence, user_id, retry_at)
    select a.fence, a.user_id, v_now + least(greatest(v_now - a.expires_at, interval '2 minutes'), interval '1 day')
    from public.active_interview_sessions a
    where a.user_id = any (v_failed)
    on conflict on constraint reap_failures_pkey do update set retry_at = excluded.retry_at;
  end if;

  -- 5. Prune, but not at a time that no earlier run confirms: a clock that is wrong for a moment must not empty the
  -- history. For the same reason each call prunes only the oldest day.
  if not coalesce(
    (select max(r.ran_at) from sessions.reaper_runs r where r.ran_at <= v_now) < v_now - interval '1 day', false
  ) then
    begin
      v_pruned := sessions.prune_history(v_kept_since, batch_size);
    exception
      when assert_failure or others then
        v_prunes_failed := 1;
        raise warning 'The history could not be pruned: % (%)', sqlerrm, sqlstate;
    end;
    begin
      v_pruned := v_pruned + sessions.prune_interviews(v_kept_since, batch_size);
    exception
      when assert_failure or others then
        v_prunes_failed := v_prunes_failed + 1;
        raise warning 'The interviews could not be pruned: % (%)', sqlerrm, sqlstate;
    end;
  end if;

  -- 6. Record the run.
  insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, orphaned, pruned, prunes_failed, took)
  values (
    v_now, v_role, cardinality(v_ended), cardinality(v_failed), v_orphaned, v_pruned, v_prunes_failed, clock_timestamp() - v_now
  );
  delete from sessions.reaper_runs r
  where r.ctid = any (
    array(
      select o.ctid
      from sessions.reaper_runs o
      where o.ran_at < v_now - interval '7 days'
      limit batch_size
      for update skip locked
    )
  );

  return query select * from unnest(v_ended);
end
$$;

revoke all on function sessions.reap_stale_sessions(integer, boolean) from public, anon, authenticated, service_role;
grant execute on function sessions.reap_stale_sessions(integer, boolean) to service_role;
comment on function sessions.reap_stale_sessions(integer, boolean) is 'Implements public.reap_stale_sessions().';


reset lock_timeout;
