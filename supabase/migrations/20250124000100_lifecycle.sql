-- What a client does with its session: start, heartbeat, complete, end, and the guard for the app's own tables.
--
-- Three rules hold throughout:
-- 1. The clock is the server's, read after the row is locked: a call that waited judges by when it got the lock.
-- 2. A stale row is over, whether or not the reaper has been by: no answer depends on it.
-- 3. Locks are taken in one order: the user in auth.users, the user's starts, the session. Deleting a user goes the
--    same way, so nothing here can deadlock with it.
--
-- What runs with each call is in PL/pgSQL, which keeps its plans from one call to the next. search_path names pg_temp,
-- last: an empty one would have it first, and a caller's own type could stand for ours.


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
comment on function sessions.refuse_caller() is 'Raises PT401: there is no user, or no such user any more.';


create or replace function sessions.caller()
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_user uuid := auth.uid();
begin
  if v_user is null then
    perform sessions.refuse_caller();
  end if;

  return v_user;
end
$$;

revoke all on function sessions.caller() from public, anon, authenticated, service_role;
comment on function sessions.caller() is 'The user who is calling; PT401 if there is none.';


create or replace function sessions.hold_user(user_id uuid)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from auth.users u where u.id = hold_user.user_id for key share;
  return found;
end
$$;

revoke all on function sessions.hold_user(uuid) from public, anon, authenticated, service_role;
comment on function sessions.hold_user(uuid) is
  'Whether the user exists. Keeps them from being deleted until the transaction ends: what a foreign key would do, but before the session is locked.';


create or replace function sessions.hold_starts(user_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('start_session ' || user_id, 0));
end
$$;

revoke all on function sessions.hold_starts(uuid) from public, anon, authenticated, service_role;
comment on function sessions.hold_starts(uuid) is
  'Keeps the user''s starts from one another until the transaction ends: a row that is not there cannot be locked.';


create or replace function sessions.held_caller()
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_user uuid := sessions.caller();
begin
  if not sessions.hold_user(v_user) then
    perform sessions.refuse_caller();
  end if;

  return v_user;
end
$$;

revoke all on function sessions.held_caller() from public, anon, authenticated, service_role;
comment on function sessions.held_caller() is 'The user who is calling, held by hold_user(); PT401 if there is none.';


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
comment on function sessions.refuse_argument(text, text) is 'Raises 22023: which argument makes no sense, and what it must be.';


create or replace function sessions.check_session_id(session_id text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if session_id is null
    or char_length(session_id) not between 1 and 128
    or session_id ~ '[\u0001-\u001f\u007f-\u009f]'
  then
    perform sessions.refuse_argument('session_id', '1 to 128 characters, none of them a control character');
  end if;
end
$$;

revoke all on function sessions.check_session_id(text) from public, anon, authenticated, service_role;
comment on function sessions.check_session_id(text) is 'Raises 22023 if this is no session_id. Says politely what the table would say.';


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
  'Why a stale session is over: its deadline has come (timed_out) or its heartbeats have ceased (expired).';


create or replace function sessions.how_it_ended(
  user_id uuid,
  session_id text,
  out end_reason text,
  out ended_at timestamptz
)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  select h.end_reason, h.ended_at
  into end_reason, ended_at
  from public.interview_session_history h
  where h.user_id = how_it_ended.user_id and h.session_id = how_it_ended.session_id
  union all
  select sessions.stale_reason(a.expires_at, a.deadline_at), a.expires_at
  from public.active_interview_sessions a
  where a.user_id = how_it_ended.user_id
    and a.session_id = how_it_ended.session_id
    and a.expires_at <= clock_timestamp()
  limit 1;
end
$$;

revoke all on function sessions.how_it_ended(uuid, text) from public, anon, authenticated, service_role;
comment on function sessions.how_it_ended(uuid, text) is
  'Why and when a user''s session ended, the same before it is reaped and after. Nulls if it lives or was never known.';


create or replace function sessions.refuse_over(session_id text, end_reason text, ended_at timestamptz)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise sqlstate 'PT410' using
    message = case end_reason
      when 'completed' then 'This interview has been handed in.'
      when 'disconnected' then 'This interview was left.'
      when 'cleared' then 'This interview was closed.'
      when 'taken_over' then 'This interview was continued in another window or on another device.'
      when 'expired' then 'This interview ended because its page was not heard from for too long.'
      when 'timed_out' then 'This interview reached its longest duration.'
      when 'revoked' then 'This interview was ended by an administrator.'
      else 'There is no such interview.'
    end,
    detail = json_build_object('session_id', session_id, 'end_reason', end_reason, 'ended_at', ended_at),
    hint = 'Stop using this session_id. To go on, start a session with a new one.';
end
$$;

revoke all on function sessions.refuse_over(text, text, timestamptz) from public, anon, authenticated, service_role;
comment on function sessions.refuse_over(text, text, timestamptz) is 'Raises PT410: this session is over, why and since when; or it was never known.';


create or replace function sessions.refuse_held(a public.active_interview_sessions, at timestamptz)
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
      'Go on there, or call start_session again with takeover => true to end it and start here. It ends by itself in %s seconds unless it is heard from.',
      v_seconds
    );
end
$$;

revoke all on function sessions.refuse_held(public.active_interview_sessions, timestamptz) from public, anon, authenticated, service_role;
comment on function sessions.refuse_held(public.active_interview_sessions, timestamptz) is
  'Raises PT409: another session is live; which, on which device, since when, and for how many seconds more.';


create or replace function sessions.lock_live(user_id uuid, session_id text)
returns public.active_interview_sessions
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row public.active_interview_sessions;
  v_now timestamptz;
  v_end record;
begin
  select * into v_row
  from public.active_interview_sessions a
  where a.user_id = lock_live.user_id and a.session_id = lock_live.session_id
  for no key update;

  v_now := clock_timestamp();
  if not found or v_row.expires_at <= v_now then
    -- Only a call that will be refused pays for finding out why. The history is read before the user is looked for: a
    -- user who is being deleted takes it along, and is then not taken for one who never had this session.
    select * into v_end from sessions.how_it_ended(user_id, session_id);
    if not exists (select from auth.users u where u.id = lock_live.user_id) then
      perform sessions.refuse_caller();
    end if;

    perform sessions.check_session_id(session_id);
    perform sessions.refuse_over(session_id, v_end.end_reason, v_end.ended_at);
  end if;

  -- One reading of the clock: the time at which it was found to live is the time from which its lease is renewed.
  v_row.updated_at := v_now;
  return v_row;
end
$$;

revoke all on function sessions.lock_live(uuid, text) from public, anon, authenticated, service_role;
comment on function sessions.lock_live(uuid, text) is
  'The user''s live session of this id, its row locked, with this sign of life in updated_at; PT410 if it is not live.';


create or replace function sessions.renew(a public.active_interview_sessions)
returns public.active_interview_sessions
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row public.active_interview_sessions;
begin
  update public.active_interview_sessions x
  set
    status = a.status,
    deadline_at = a.deadline_at,
    updated_at = a.updated_at,
    -- Never back: a lease that was given is kept, also when the settings have become shorter.
    expires_at = greatest(x.expires_at, least(a.updated_at + s.lease, a.deadline_at))
  from sessions.settings s
  where x.user_id = a.user_id
  returning x.* into v_row;

  return v_row;
end
$$;

revoke all on function sessions.renew(public.active_interview_sessions) from public, anon, authenticated, service_role;
comment on function sessions.renew(public.active_interview_sessions) is
  'Renews the lease of a live session, whose row is locked, from its updated_at on, and stores that with its status and deadline.';


create or replace function sessions.retire(
  a public.active_interview_sessions,
  end_reason text,
  at timestamptz,
  ended_by uuid default null,
  note text default null
)
returns public.interview_session_history
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_row public.interview_session_history;
  v_live boolean := a.expires_at > at;
begin
  delete from public.active_interview_sessions x where x.user_id = a.user_id;

  insert into public.interview_session_history (
    user_id, session_id, fence, device, started_at, last_seen_at, ended_at,
    end_reason, status, previous_session_id, ended_by, note
  )
  values (
    a.user_id, a.session_id, a.fence, a.device, a.created_at, a.updated_at, least(a.expires_at, at),
    case when v_live then retire.end_reason else sessions.stale_reason(a.expires_at, a.deadline_at) end,
    a.status, a.previous_session_id, retire.ended_by, retire.note
  )
  returning * into v_row;

  return v_row;
end
$$;

revoke all on function sessions.retire(public.active_interview_sessions, text, timestamptz, uuid, text) from public, anon, authenticated, service_role;
comment on function sessions.retire(public.active_interview_sessions, text, timestamptz, uuid, text) is
  'Moves a session whose row is locked to the history: with this reason if it is live, else with the true one.';


create or replace function sessions.refuse_unseen_end(user_id uuid, session_id text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The index of the history knows every id, shown or not: to write one that has ended unseen fails with 40001 (that is
  -- what `on conflict do nothing` does under such a snapshot). If it succeeds, it is taken back.
  insert into public.interview_session_history (
    user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status
  )
  values (refuse_unseen_end.user_id, refuse_unseen_end.session_id, 0, now(), now(), now(), 'cleared', 'active')
  on conflict do nothing;
  raise sqlstate 'UNDO1';
exception
  when sqlstate 'UNDO1' then
    null;
end
$$;

revoke all on function sessions.refuse_unseen_end(uuid, text) from public, anon, authenticated, service_role;
comment on function sessions.refuse_unseen_end(uuid, text) is
  'Raises 40001 if this id has ended since the snapshot of the transaction was taken. For REPEATABLE READ and SERIALIZABLE: READ COMMITTED sees it.';


create or replace function sessions.start_session(
  session_id text,
  takeover boolean default false,
  device text default null
)
returns public.active_interview_sessions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
  v_user uuid := sessions.held_caller();
  v_row public.active_interview_sessions;
  v_live boolean;
  v_now timestamptz;
  v_end record;
begin
  perform sessions.check_session_id(session_id);
  if takeover is null then
    perform sessions.refuse_argument('takeover', 'true or false');
  end if;
  if char_length(device) > 200 or device ~ '[\u0001-\u001f\u007f-\u009f]' then
    perform sessions.refuse_argument('device', 'at most 200 characters, none of them a control character');
  end if;

  -- One start of a user at a time: a row that is not there stays away until this one is in, and the fences are drawn
  -- in the order of the grants.
  perform sessions.hold_starts(v_user);

  select * into v_row
  from public.active_interview_sessions a
  where a.user_id = v_user
  for update;

  v_now := clock_timestamp();
  v_live := found and v_row.expires_at > v_now;

  if v_live and v_row.session_id = start_session.session_id then
    v_row.updated_at := v_now;
    return sessions.renew(v_row);
  end if;

  -- Has this id ended? Only a call that will be refused pays for finding out why.
  if v_row.session_id = start_session.session_id
    or exists (
      select
      from public.interview_session_history h
      where h.user_id = v_user and h.session_id = start_session.session_id
    )
  then
    select * into v_end from sessions.how_it_ended(v_user, session_id);
    perform sessions.refuse_over(session_id, v_end.end_reason, v_end.ended_at);
  end if;
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    perform sessions.refuse_unseen_end(v_user, session_id);
  end if;

  if v_live and not takeover then
    perform sessions.refuse_held(v_row, v_now);
  end if;

  if v_row.user_id is not null then
    perform sessions.retire(v_row, 'taken_over', v_now);
  end if;

  insert into public.active_interview_sessions (
    user_id, session_id, fence, device, created_at, updated_at, deadline_at, expires_at, previous_session_id
  )
  select
    v_user, start_session.session_id, nextval('sessions.fence'), start_session.device, v_now, v_now,
    v_now + s.max_duration, v_now + least(s.lease, s.max_duration), case when v_live then v_row.session_id end
  from sessions.settings s
  -- Nobody else is here. But a snapshot that is older than the lock may not show who was; this then fails with 40001,
  -- which a client may retry, and not with 23505.
  on conflict (user_id) do nothing
  returning * into v_row;

  return v_row;
end
$$;

revoke all on function sessions.start_session(text, boolean, text) from public, anon, authenticated, service_role;
grant execute on function sessions.start_session(text, boolean, text) to authenticated;
comment on function sessions.start_session(text, boolean, text) is 'What public.start_session() does.';


create or replace function sessions.heartbeat_session(session_id text)
returns public.active_interview_sessions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
  v_user uuid := sessions.caller();
  v_row public.active_interview_sessions := sessions.lock_live(v_user, session_id);
begin
  -- A heartbeat that a crash of the server loses is made up for by the next: its commit need not wait for the disk.
  perform set_config('synchronous_commit', 'off', true);

  return sessions.renew(v_row);
end
$$;

revoke all on function sessions.heartbeat_session(text) from public, anon, authenticated, service_role;
grant execute on function sessions.heartbeat_session(text) to authenticated;
comment on function sessions.heartbeat_session(text) is 'What public.heartbeat_session() does.';


create or replace function sessions.complete_session(session_id text)
returns public.active_interview_sessions
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
  v_user uuid := sessions.caller();
  v_row public.active_interview_sessions := sessions.lock_live(v_user, session_id);
begin
  if v_row.status = 'active' then
    v_row.status := 'completing';
    v_row.deadline_at := (
      -- A grace shorter than the lease does not take back what the lease has given.
      select greatest(v_row.expires_at, v_row.updated_at + s.completing_grace) from sessions.settings s
    );
  end if;

  return sessions.renew(v_row);
end
$$;

revoke all on function sessions.complete_session(text) from public, anon, authenticated, service_role;
grant execute on function sessions.complete_session(text) to authenticated;
comment on function sessions.complete_session(text) is 'What public.complete_session() does.';


create or replace function sessions.end_session(session_id text, reason text default null)
returns setof public.interview_session_history
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '3s'
as $$
declare
  v_user uuid := sessions.held_caller();
  v_row public.active_interview_sessions;
begin
  perform sessions.check_session_id(session_id);
  if reason not in ('completed', 'disconnected', 'cleared') then
    perform sessions.refuse_argument('reason', 'completed, disconnected, cleared or null');
  end if;

  select * into v_row
  from public.active_interview_sessions a
  where a.user_id = v_user and a.session_id = end_session.session_id
  for update;

  if found then
    reason := coalesce(reason, case v_row.status when 'completing' then 'completed' else 'disconnected' end);
    return next sessions.retire(v_row, reason, clock_timestamp());
  else
    return query
      select *
      from public.interview_session_history h
      where h.user_id = v_user and h.session_id = end_session.session_id;
  end if;
end
$$;

revoke all on function sessions.end_session(text, text) from public, anon, authenticated, service_role;
grant execute on function sessions.end_session(text, text) to authenticated;
comment on function sessions.end_session(text, text) is 'What public.end_session() does.';


create or replace function sessions.holds_session(session_id text, fence bigint default null)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select
    from public.active_interview_sessions a
    where a.user_id = auth.uid()
      and a.session_id = holds_session.session_id
      and a.expires_at > clock_timestamp()
      and a.fence = coalesce(holds_session.fence, a.fence)
  );
end
$$;

revoke all on function sessions.holds_session(text, bigint) from public, anon, authenticated, service_role;
grant execute on function sessions.holds_session(text, bigint) to authenticated;
comment on function sessions.holds_session(text, bigint) is 'What public.holds_session() does.';
