-- What a client does with its session: start, heartbeat, complete, end. The contract of each function is the comment of
-- its wrapper in the chapter "API".
--
-- Functions called refuse_... raise an error and never return.
--
-- Three rules hold throughout:
-- 1. The clock is the server's, read after the row is locked: a call that waited is judged by when it got the lock.
-- 2. A stale row is over, whether or not it was reaped: no answer depends on the reaper. Likewise a row past its
--    retention is forgotten, whether or not it was pruned.
-- 3. Locks are taken in one order: the user in auth.users, an advisory lock that serialises the starts of the user, the
--    session, the interview, the history. Deleting a user takes the same order. A heartbeat that is the whole API request takes only
--    the session. lock_timeout is 1.1 s, a little more than deadlock_timeout, so that a deadlock has one victim. A row lock
--    that others already wait for takes two waits: for a place in the queue, then for the lock. So a start waits at most
--    2 for the user, 1 for the advisory lock, 2 for the session and 2 for the interview: 7.7 s, within the API's 8 s.
--
-- PL/pgSQL keeps its plans between calls. search_path names pg_temp last: an empty path would search it first, so that
-- a caller's own type could replace ours.

-- Fails rather than make live traffic wait behind it. Reset at the end.
set lock_timeout = '5s';


create or replace function sessions.refuse_caller()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise sqlstate 'PT401' using
    message = 'You are not signed in.',
    hint = 'Sign in again, and send that user''s access token with the call.';
end
$$;

revoke all on function sessions.refuse_caller() from public, anon, authenticated, service_role;
comment on function sessions.refuse_caller() is 'Raises PT401: the call has no user, or the user no longer exists.';


create or replace function sessions.refuse_argument(argument text, must text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise invalid_parameter_value using
    message = format('%s must be %s.', argument, must),
    detail = json_build_object('argument', argument),
    hint = 'Nothing was changed. Correct the argument and call again.';
end
$$;

revoke all on function sessions.refuse_argument(text, text) from public, anon, authenticated, service_role;
comment on function sessions.refuse_argument(text, text) is 'Raises 22023: which argument is invalid, and what it must be.';


create or replace function sessions.refuse_line(argument text, shortest integer, longest integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.refuse_argument(argument, format('%s to %s characters, none of them a control character', shortest, longest));
end
$$;

revoke all on function sessions.refuse_line(text, integer, integer) from public, anon, authenticated, service_role;
comment on function sessions.refuse_line(text, integer, integer) is 'Raises 22023: an argument for which sessions.is_line() is false.';


create or replace function sessions.lock_user(user_id uuid, wait boolean default true)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  -- The row that a first start will insert cannot be locked yet; this can.
  v_starts bigint := hashtextextended('start_session ' || user_id, 0);
begin
  if not wait then
    perform from auth.users u where u.id = lock_user.user_id for key share skip locked;
    return found and pg_try_advisory_xact_lock(v_starts);
  end if;

  -- What the foreign keys would lock, but before the session is locked.
  perform from auth.users u where u.id = lock_user.user_id for key share;
  if not found then
    return false;
  end if;

  perform pg_advisory_xact_lock(v_starts);
  return true;
end
$$;

revoke all on function sessions.lock_user(uuid, boolean) from public, anon, authenticated, service_role;
comment on function sessions.lock_user(uuid, boolean) is
  'Until the transaction ends, keeps the user from being deleted and serialises start_session per user. False if there is no such user, or if another transaction has one of the locks and this one should not wait.';


create or replace function sessions.stale_reason(expires_at timestamptz, deadline_at timestamptz)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select case when expires_at >= deadline_at then 'timed_out' else 'expired' end;
$$;

revoke all on function sessions.stale_reason(timestamptz, timestamptz) from public, anon, authenticated, service_role;
comment on function sessions.stale_reason(timestamptz, timestamptz) is
  'Why a stale session is over: it reached its deadline (timed_out) or its heartbeats stopped (expired).';


create or replace function sessions.refuse_suppressed(relation regclass)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise object_not_in_prerequisite_state using
    message = format('A trigger on %s suppressed the write. Nothing was changed.', relation),
    hint = 'A BEFORE trigger that returns null does so. It must return the row or raise an error.';
end
$$;

revoke all on function sessions.refuse_suppressed(regclass) from public, anon, authenticated, service_role;
comment on function sessions.refuse_suppressed(regclass) is
  'Raises 55000: a trigger of the app skipped a write without an error. No function goes on as if it had been made.';


create or replace function sessions.retire(a public.active_interview_sessions, at timestamptz, end_reason text default null)
returns public.interview_session_history
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row public.interview_session_history;
begin
  delete from public.active_interview_sessions x where x.user_id = a.user_id;
  if not found then
    perform sessions.refuse_suppressed('public.active_interview_sessions');
  end if;

  insert into public.interview_session_history (
    user_id, session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status, previous_session_id, interview_id
  )
  values (
    a.user_id, a.session_id, a.fence, a.device, a.created_at, a.updated_at,
    -- Not before its start, even if the clock was set back meanwhile.
    greatest(a.created_at, least(a.expires_at, at)),
    case when a.expires_at > at then retire.end_reason else sessions.stale_reason(a.expires_at, a.deadline_at) end,
    a.status, a.previous_session_id, a.interview_id
  )
  returning * into v_row;
  if not found then
    perform sessions.refuse_suppressed('public.interview_session_history');
  end if;

  return v_row;
end
$$;

revoke all on function sessions.retire(public.active_interview_sessions, timestamptz, text) from public, anon, authenticated, service_role;
comment on function sessions.retire(public.active_interview_sessions, timestamptz, text) is
  'Moves a session, whose row is locked, to the history: with this reason if it is live at that time, with the true one if it is stale.';


create or replace function sessions.refuse_over(
  session_id text,
  end_reason text,
  ended_at timestamptz,
  interview_id text default null
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise sqlstate 'PT410' using
    message = coalesce(sessions.end_reason_message(end_reason), 'There is no such interview session.'),
    detail = jsonb_build_object('session_id', session_id, 'end_reason', end_reason, 'ended_at', ended_at)
      || case when interview_id is null then '{}' else jsonb_build_object('interview_id', interview_id) end,
    hint = case
      when interview_id is null then 'Stop using this session_id. To continue, start a session with a new one.'
      else 'This interview_id is over. No session can be started for it.'
    end;
end
$$;

revoke all on function sessions.refuse_over(text, text, timestamptz, text) from public, anon, authenticated, service_role;
comment on function sessions.refuse_over(text, text, timestamptz, text) is
  'Raises PT410: this session, or with an interview_id this interview, is over; why and since when. Nulls: never known.';


create or replace function sessions.refuse_not_live(user_id uuid, session_id text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_kept_since timestamptz := v_now - (sessions.current_settings()).history_retention;
  v_end record;
begin
  -- The history is read before the user: deleting a user deletes both, and the session must not look unknown meanwhile.
  select e.end_reason, e.ended_at
  into v_end
  from (
    select h.end_reason, h.ended_at
    from public.interview_session_history h
    where h.user_id = refuse_not_live.user_id and h.session_id = refuse_not_live.session_id
    union all
    select sessions.stale_reason(a.expires_at, a.deadline_at), a.expires_at
    from public.active_interview_sessions a
    where a.user_id = refuse_not_live.user_id and a.session_id = refuse_not_live.session_id and a.expires_at <= v_now
    union all
    select 'disconnected', x.ended_at
    from sessions.early_ends x
    where x.user_id = refuse_not_live.user_id and x.session_id = refuse_not_live.session_id
  ) e
  where e.ended_at >= v_kept_since
  order by e.ended_at desc;

  if not exists (select from auth.users u where u.id = refuse_not_live.user_id) then
    perform sessions.refuse_caller();
  end if;
  if v_end.ended_at is null then
    perform sessions.check_snapshot(user_id, session_id);
  end if;

  perform sessions.refuse_over(session_id, v_end.end_reason, v_end.ended_at);
end
$$;

revoke all on function sessions.refuse_not_live(uuid, text) from public, anon, authenticated, service_role;
comment on function sessions.refuse_not_live(uuid, text) is
  'Raises PT410 for a session that is not live: how it ended, the same before it is reaped and after; PT401 if the user no longer exists.';


create or replace function sessions.refuse_held(a public.active_interview_sessions, at timestamptz, takeover text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_seconds bigint := ceil(extract(epoch from a.expires_at - at));
begin
  raise sqlstate 'PT409' using
    message = format('You already have an interview open%s.', ' on ' || nullif(a.device, '')),
    detail = json_build_object(
      'session_id', a.session_id,
      'device', a.device,
      'status', a.status,
      'created_at', a.created_at,
      'updated_at', a.updated_at,
      'expires_in', v_seconds
    ),
    hint = format(
      case takeover
        when 'allowed' then
          'Continue there, or call start_session again with takeover => true to end it and start here. Without a heartbeat it ends by itself in %s seconds.'
        else
          'Continue there. Takeover is not allowed: without a heartbeat it ends by itself in %s seconds, or an operator can end it.'
      end,
      v_seconds
    );
end
$$;

revoke all on function sessions.refuse_held(public.active_interview_sessions, timestamptz, text) from public, anon, authenticated, service_role;
comment on function sessions.refuse_held(public.active_interview_sessions, timestamptz, text) is
  'Raises PT409: another session is live; which, on which device, since when, for how many seconds more, and whether it can be taken over.';


create or replace function sessions.check_snapshot(user_id uuid, session_id text default '-', interview_id text default '-')
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('transaction_isolation') = 'read committed' then
    return;
  end if;

  -- No SELECT shows a row that was committed after the snapshot, but the indexes know it: inserting the same key fails
  -- with 40001, as `on conflict do nothing` does under such a snapshot. An insert that succeeds is undone.
  begin
    insert into public.active_interview_sessions (
      user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at
    )
    values (check_snapshot.user_id, check_snapshot.session_id, 0, now(), now(), now(), now())
    on conflict do nothing;
    insert into public.interview_session_history (
      user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status, ended_fence
    )
    values (check_snapshot.user_id, check_snapshot.session_id, 0, now(), now(), now(), 'cleared', 'active', 0)
    on conflict do nothing;
    insert into sessions.early_ends (user_id, session_id, ended_at)
    values (check_snapshot.user_id, check_snapshot.session_id, now())
    on conflict do nothing;
    insert into public.interviews (user_id, interview_id, started_at, deadline_at, last_session_id)
    values (check_snapshot.user_id, coalesce(check_snapshot.interview_id, '-'), now(), now(), '-')
    on conflict do nothing;
    raise sqlstate 'UNDO1';
  exception
    when sqlstate 'UNDO1' then
      null;
  end;
end
$$;

revoke all on function sessions.check_snapshot(uuid, text, text) from public, anon, authenticated, service_role;
comment on function sessions.check_snapshot(uuid, text, text) is
  'Under REPEATABLE READ and SERIALIZABLE, raises 40001 if this session or interview was written after the snapshot of the transaction was taken. READ COMMITTED sees it. The id - stands for none: then only the other tables are checked.';


create or replace function sessions.start_session(
  session_id text,
  takeover boolean default false,
  device text default null,
  interview_id text default null
)
returns public.active_interview_sessions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_user uuid := auth.uid();
  v_settings sessions.settings := sessions.current_settings();
  v_row public.active_interview_sessions;
  v_interview public.interviews;
  v_end record;
  v_now timestamptz;
  v_kept_since timestamptz;
  v_deadline timestamptz;
begin
  if v_user is null then
    perform sessions.refuse_caller();
  end if;
  if not sessions.is_line(coalesce(session_id, ''), 1, 128) then
    perform sessions.refuse_line('session_id', 1, 128);
  end if;
  if not sessions.is_line(device, 0, 200) then
    perform sessions.refuse_line('device', 0, 200);
  end if;
  if not sessions.is_line(interview_id, 1, 128) then
    perform sessions.refuse_line('interview_id', 1, 128);
  end if;
  if takeover is null then
    perform sessions.refuse_argument('takeover', 'true or false');
  end if;

  if not sessions.lock_user(v_user) then
    perform sessions.refuse_caller();
  end if;
  -- From here on a null v_row means that nothing is live, a null v_interview that the interview is new.
  select * into v_row from public.active_interview_sessions a where a.user_id = v_user for update;
  if interview_id is not null then
    select * into v_interview
    from public.interviews i
    where i.user_id = v_user and i.interview_id = start_session.interview_id
    for no key update;
  end if;
  v_now := clock_timestamp();
  v_kept_since := v_now - v_settings.history_retention;

  -- A retry of the call that started it.
  if v_row.session_id = start_session.session_id and v_row.expires_at > v_now then
    if interview_id is distinct from v_row.interview_id then
      perform sessions.refuse_argument('interview_id', 'that of the call that started this session');
    end if;
    return sessions.heartbeat_session(session_id);
  end if;

  -- A stale row goes to the history first: from here on it makes no difference whether the reaper has run.
  if v_row.expires_at <= v_now then
    perform sessions.retire(v_row, v_now);
    v_row := null;
  end if;

  select h.end_reason, h.ended_at
  into v_end
  from public.interview_session_history h
  where h.user_id = v_user and h.session_id = start_session.session_id
  union all
  select 'disconnected', e.ended_at
  from sessions.early_ends e
  where e.user_id = v_user and e.session_id = start_session.session_id
  order by ended_at desc;
  if v_end.ended_at < v_kept_since then
    -- Forgotten: the id may be used again, so the history must have room for it.
    delete from public.interview_session_history h where h.user_id = v_user and h.session_id = start_session.session_id;
  elsif v_end.ended_at is not null then
    perform sessions.refuse_over(session_id, v_end.end_reason, v_end.ended_at);
  end if;
  perform sessions.check_snapshot(v_user, session_id, interview_id);

  if v_interview.deadline_at < v_kept_since then
    -- Forgotten: treated as new. Its row is updated below, not replaced, since rows of the app may reference it.
    delete from sessions.extensions e where e.user_id = v_user and e.interview_id = start_session.interview_id;
    v_interview := null;
  elsif v_interview.submitted_at is not null then
    perform sessions.refuse_over(session_id, 'completed', v_interview.submitted_at, interview_id);
  elsif v_interview.deadline_at <= v_now then
    perform sessions.refuse_over(session_id, 'timed_out', v_interview.deadline_at, interview_id);
  end if;

  if v_row.user_id is not null then
    if not takeover or v_settings.takeover = 'refused' then
      perform sessions.refuse_held(v_row, v_now, v_settings.takeover);
    end if;
    perform sessions.retire(v_row, v_now, 'taken_over');
  end if;

  v_deadline := coalesce(v_interview.deadline_at, v_now + v_settings.max_duration);
  insert into public.active_interview_sessions (
    user_id, session_id, fence, device, created_at, updated_at, deadline_at, expires_at, previous_session_id, interview_id
  )
  values (
    v_user, start_session.session_id, nextval('sessions.fence'), start_session.device, v_now, v_now,
    v_deadline, least(v_now + v_settings.lease, v_deadline),
    case when start_session.interview_id is null then v_row.session_id else v_interview.last_session_id end,
    start_session.interview_id
  )
  returning * into v_row;
  if not found then
    perform sessions.refuse_suppressed('public.active_interview_sessions');
  end if;

  if interview_id is not null then
    insert into public.interviews (user_id, interview_id, started_at, deadline_at, last_session_id)
    values (v_user, start_session.interview_id, v_now, v_deadline, start_session.session_id)
    on conflict on constraint interviews_pkey do update
    set
      started_at = coalesce(v_interview.started_at, excluded.started_at),
      deadline_at = excluded.deadline_at,
      submitted_at = null,
      last_session_id = excluded.last_session_id;
    if not found then
      perform sessions.refuse_suppressed('public.interviews');
    end if;
  end if;

  return v_row;
end
$$;

revoke all on function sessions.start_session(text, boolean, text, text) from public, anon, authenticated, service_role;
grant execute on function sessions.start_session(text, boolean, text, text) to authenticated;
comment on function sessions.start_session(text, boolean, text, text) is 'Implements public.start_session().';


create or replace function sessions.heartbeat_session(session_id text)
returns public.active_interview_sessions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_user uuid := auth.uid();
  v_settings sessions.settings := sessions.current_settings();
  v_row public.active_interview_sessions;
  v_has_written boolean := pg_current_xact_id_if_assigned() is not null;
  v_expires_at timestamptz;
  v_now timestamptz;
begin
  if v_user is null then
    perform sessions.refuse_caller();
  end if;
  if not sessions.is_line(coalesce(session_id, ''), 1, 128) then
    perform sessions.refuse_line('session_id', 1, 128);
  end if;

  if current_setting('request.path', true) = '/rpc/heartbeat_session' and not v_has_written then
    -- The whole request. The next heartbeat makes up for one that a crash of the server loses, so the commit need not
    -- wait for the disk.
    perform set_config('synchronous_commit', 'off', true);
  else
    -- Part of a larger transaction, which may end or start a session next, so take the locks that such a call needs, in
    -- order. But an earlier write may already hold the session (a foreign key or a trigger of the app that locks it):
    -- waiting for the user now would be the wrong order, and a deadlock with a start.
    perform sessions.lock_user(v_user, wait => not v_has_written);
  end if;

  select a.expires_at into v_expires_at
  from public.active_interview_sessions a
  where a.user_id = v_user and a.session_id = heartbeat_session.session_id
  for no key update;
  v_now := clock_timestamp();
  if not found or v_expires_at <= v_now then
    perform sessions.refuse_not_live(v_user, session_id);
  end if;

  update public.active_interview_sessions a
  set
    updated_at = v_now,
    -- Never back: a lease that was given is kept, also when the settings are shorter now.
    expires_at = greatest(a.expires_at, least(v_now + v_settings.lease, a.deadline_at))
  where a.user_id = v_user
  returning * into v_row;
  if not found then
    perform sessions.refuse_suppressed('public.active_interview_sessions');
  end if;

  return v_row;
end
$$;

revoke all on function sessions.heartbeat_session(text) from public, anon, authenticated, service_role;
grant execute on function sessions.heartbeat_session(text) to authenticated;
comment on function sessions.heartbeat_session(text) is 'Implements public.heartbeat_session().';


create or replace function sessions.complete_session(session_id text)
returns public.active_interview_sessions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_user uuid := auth.uid();
  v_settings sessions.settings := sessions.current_settings();
  v_row public.active_interview_sessions;
  v_now timestamptz;
begin
  if v_user is null then
    perform sessions.refuse_caller();
  end if;
  if not sessions.is_line(coalesce(session_id, ''), 1, 128) then
    perform sessions.refuse_line('session_id', 1, 128);
  end if;

  if current_setting('request.path', true) is distinct from '/rpc/complete_session' then
    perform sessions.lock_user(v_user, wait => pg_current_xact_id_if_assigned() is null);
  end if;

  select * into v_row
  from public.active_interview_sessions a
  where a.user_id = v_user and a.session_id = complete_session.session_id
  for no key update;
  v_now := clock_timestamp();
  if not found or v_row.expires_at <= v_now then
    perform sessions.refuse_not_live(v_user, session_id);
  end if;

  -- Only the first call moves the deadline, and never back. The deadline of the interview stays: a session that starts
  -- after a crash still ends by it.
  if v_row.status = 'active' then
    v_row.deadline_at := greatest(v_row.deadline_at, v_now + v_settings.completing_grace);
  end if;

  update public.active_interview_sessions a
  set
    status = 'completing',
    updated_at = v_now,
    deadline_at = v_row.deadline_at,
    expires_at = greatest(a.expires_at, least(v_now + v_settings.lease, v_row.deadline_at))
  where a.user_id = v_user
  returning * into v_row;
  if not found then
    perform sessions.refuse_suppressed('public.active_interview_sessions');
  end if;

  return v_row;
end
$$;

revoke all on function sessions.complete_session(text) from public, anon, authenticated, service_role;
grant execute on function sessions.complete_session(text) to authenticated;
comment on function sessions.complete_session(text) is 'Implements public.complete_session().';


create or replace function sessions.end_session(session_id text, reason text default null)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '1100ms'
as $$
declare
  v_user uuid := auth.uid();
  v_settings sessions.settings := sessions.current_settings();
  v_row public.active_interview_sessions;
  v_ended public.interview_session_history;
  v_now timestamptz;
begin
  if v_user is null then
    perform sessions.refuse_caller();
  end if;
  if not sessions.is_line(coalesce(session_id, ''), 1, 128) then
    perform sessions.refuse_line('session_id', 1, 128);
  end if;
  if octet_length(reason) > 20 or reason not in ('completed', 'disconnected', 'cleared') then
    perform sessions.refuse_argument('reason', 'completed, disconnected, cleared or null');
  end if;

  -- Waits for a start of this session that is still under way.
  if not sessions.lock_user(v_user) then
    perform sessions.refuse_caller();
  end if;
  select * into v_row
  from public.active_interview_sessions a
  where a.user_id = v_user and a.session_id = end_session.session_id
  for update;
  v_now := clock_timestamp();

  if found then
    v_ended := sessions.retire(
      v_row, v_now, coalesce(reason, case v_row.status when 'completing' then 'completed' else 'disconnected' end)
    );
    if v_ended.end_reason = 'completed' and v_ended.interview_id is not null then
      update public.interviews i
      set submitted_at = coalesce(i.submitted_at, v_now)
      where i.user_id = v_user and i.interview_id = v_ended.interview_id;
      -- Without a row it was pruned: its deadline had passed long before.
      if not found and exists (
        select from public.interviews i where i.user_id = v_user and i.interview_id = v_ended.interview_id
      ) then
        perform sessions.refuse_suppressed('public.interviews');
      end if;
    end if;
  else
    select * into v_ended
    from public.interview_session_history h
    where h.user_id = v_user and h.session_id = end_session.session_id;
  end if;

  if v_ended.ended_at >= v_now - v_settings.history_retention then
    return next v_ended;
  else
    perform sessions.check_snapshot(v_user, session_id);
    -- Never known, or forgotten. Its start may still be on its way, and is refused then.
    insert into sessions.early_ends (user_id, session_id, ended_at)
    values (v_user, end_session.session_id, v_now)
    on conflict on constraint early_ends_pkey do update set ended_at = excluded.ended_at;
    delete from sessions.early_ends e
    where e.user_id = v_user
      and e.session_id in (
        select o.session_id
        from sessions.early_ends o
        where o.user_id = v_user and o.session_id <> end_session.session_id
        order by o.ended_at desc
        offset 9
      );
  end if;
end
$$;

revoke all on function sessions.end_session(text, text) from public, anon, authenticated, service_role;
grant execute on function sessions.end_session(text, text) to authenticated;
comment on function sessions.end_session(text, text) is 'Implements public.end_session().';


reset lock_timeout;
