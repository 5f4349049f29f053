-- Notification, optional: a device that loses its session, or gets more time, is told at once by a private Realtime
-- broadcast. A message is only a hint to call heartbeat_session(): no decision is taken from it.
--
-- Triggers, so that no function of the other chapters knows of Realtime. Where Realtime is absent they do nothing.

-- Fails rather than make live traffic wait behind it. Reset at the end.
set lock_timeout = '5s';


create or replace function sessions.notify(user_id uuid, event text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regprocedure('realtime.send(jsonb,text,text,boolean)') is null then
    return;
  end if;

  execute format('select realtime.send(%L, %L, %L, true)', '{}', event, 'sessions:' || user_id);
exception
  -- Whatever is wrong with Realtime, the session must end. The device learns of it at its next heartbeat.
  when assert_failure or others then
    raise warning 'User % could not be notified of %: % (%)', user_id, event, sqlerrm, sqlstate;
end
$$;

revoke all on function sessions.notify(uuid, text) from public, anon, authenticated, service_role;
comment on function sessions.notify(uuid, text) is
  'Sends a private Realtime broadcast to the topic sessions:<user_id>, when the transaction commits. Never fails; does nothing where Realtime is absent.';


create or replace function sessions.notify_of_end()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.notify(new.user_id, new.end_reason);
  return null;
end
$$;

revoke all on function sessions.notify_of_end() from public, anon, authenticated, service_role;
comment on function sessions.notify_of_end() is
  'Trigger of public.interview_session_history: notifies of a takeover or a revocation.';

create or replace trigger notify_of_end
  after insert on public.interview_session_history
  for each row
  when (new.end_reason in ('taken_over', 'revoked'))
  execute function sessions.notify_of_end();


create or replace function sessions.notify_of_extension()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform sessions.notify(new.user_id, 'extended');
  return null;
end
$$;

revoke all on function sessions.notify_of_extension() from public, anon, authenticated, service_role;
comment on function sessions.notify_of_extension() is
  'Trigger of sessions.extensions: notifies of an extension.';

create or replace trigger notify_of_extension
  after insert on sessions.extensions
  for each row execute function sessions.notify_of_extension();


create or replace function sessions.allow_notification()
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner text;
  v_is_there boolean;
begin
  if to_regclass('realtime.messages') is null or to_regprocedure('realtime.topic()') is null then
    raise notice 'Realtime is not set up in this database: nobody is notified. Once it is, run: select sessions.allow_notification();';
    return false;
  end if;

  -- To listen, not to send: there is no policy for INSERT.
  drop policy if exists "a user hears of their own interview sessions" on realtime.messages;
  create policy "a user hears of their own interview sessions"
    on realtime.messages
    for select
    to authenticated
    using (
      extension = 'broadcast'
      and (select realtime.topic()) = 'sessions:' || (select auth.uid())
    );
  return true;
exception
  -- The table is Realtime's, and not every project lets postgres change it. Without the policy nobody may join the topic;
  -- everything else works.
  when insufficient_privilege then
    select
      pg_get_userbyid(c.relowner),
      exists (
        select
        from pg_catalog.pg_policy p
        where p.polrelid = c.oid and p.polname = 'a user hears of their own interview sessions'
      )
    into v_owner, v_is_there
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'realtime' and c.relname = 'messages';

    if v_is_there is not true then
      raise warning 'The role % may not create the policy on realtime.messages: nobody may listen, and devices learn at their next heartbeat. Create it as %, its owner: see docs/notification.md.',
        current_user, coalesce(v_owner, 'supabase_admin');
    end if;
    return v_is_there is true;
end
$$;

revoke all on function sessions.allow_notification() from public, anon, authenticated, service_role;
comment on function sessions.allow_notification() is
  'Creates the policy by which only the user may join the topic sessions:<user_id>. False where Realtime is absent, and, with a warning, where the caller may not create it and it is not there. Part of the migration; call it as postgres if Realtime is set up later.';

do $$
begin
  perform sessions.allow_notification();
end
$$;


reset lock_timeout;
