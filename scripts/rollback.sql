-- Removes everything that the migrations of interview sessions created, and nothing else.
--
-- Run as postgres: paste it into the SQL editor, or psql -v ON_ERROR_STOP=1 -f scripts/rollback.sql "$DATABASE_URL".
-- It runs in one transaction and may be run again. Before:
--   * Stop the schedule that calls the reaper, and delete its Edge Function: supabase functions delete reap-stale-sessions.
--   * Live sessions, interviews, the history and the notes of operators are deleted. To keep one, for example the history:
--     create table kept as table public.interview_session_history.
--   * The table of the first plan does not come back.
-- If something of the app depends on what is to be removed, it refuses (2BP01) and names it. What was added to our own tables
-- is removed with them: an index, a trigger, a policy, a place in a publication.
-- Afterwards supabase db push would apply the migrations again, since their versions are forgotten here: delete their files.

begin;

-- Dropping a table locks auth.users for a moment. Better to fail than to make every sign-in wait for that lock.
set local lock_timeout = '5s';


-- Where the component is not installed, tables of these names belong to the app.
do $$
declare
  v_apps regclass := coalesce(
    to_regclass('public.active_interview_sessions'),
    to_regclass('public.interview_session_history'),
    to_regclass('public.interviews')
  );
begin
  if to_regclass('sessions.fence') is null and v_apps is not null then
    raise object_not_in_prerequisite_state using
      message = format('Interview sessions are not installed here, and %s belongs to the app. Nothing was changed.', v_apps);
  end if;
end
$$;


-- Without the admin chapter, functions of these names belong to the app.
do $$
begin
  if to_regprocedure('sessions.check_administrator()') is not null then
    drop function if exists
      public.admin_live_sessions(text, text, text, boolean, integer, integer),
      public.admin_session_history(timestamptz, timestamptz, text, text, text, boolean, integer, integer),
      public.admin_session_details(uuid, text),
      public.admin_ended_sessions(timestamptz, interval),
      public.admin_session_health(),
      public.admin_revoke_session(uuid, text, text),
      public.admin_extend_interview(uuid, text, interval, text),
      public.admin_reap_stale_sessions(integer)
    restrict;
  end if;
end
$$;

-- Likewise without the chapter "deliveries".
do $$
begin
  if to_regclass('sessions.deliveries') is not null then
    drop trigger if exists record_deliveries on public.interview_session_history;
    drop function if exists
      public.claim_deliveries(integer, text),
      public.settle_deliveries(jsonb),
      public.list_deliveries(boolean, integer),
      public.retry_deliveries(text, uuid),
      public.drop_deliveries(text, uuid)
    restrict;
  end if;
end
$$;

do $$
begin
  if to_regprocedure('sessions.notify(uuid, text)') is not null then
    drop trigger if exists notify_of_end on public.interview_session_history;
    drop trigger if exists notify_of_extension on sessions.extensions;
    if to_regclass('realtime.messages') is not null then
      drop policy if exists "a user hears of their own interview sessions" on realtime.messages;
    end if;
  end if;
end
$$;

drop table if exists sessions.deliveries, sessions.endpoints restrict;

drop function if exists
  sessions.record_deliveries(),
  sessions.lock_history(),
  sessions.switch_deliveries(),
  sessions.claim_deliveries(integer, text),
  sessions.settle_deliveries(jsonb),
  sessions.list_deliveries(boolean, integer),
  sessions.retry_deliveries(text, uuid),
  sessions.drop_deliveries(text, uuid),
  sessions.delivery_health(),
  sessions.notify(uuid, text),
  sessions.notify_of_end(),
  sessions.notify_of_extension(),
  sessions.allow_notification(),
  sessions.admin_live_sessions(text, text, text, boolean, integer, integer),
  sessions.admin_session_history(timestamptz, timestamptz, text, text, text, boolean, integer, integer),
  sessions.admin_session_details(uuid, text),
  sessions.admin_ended_sessions(timestamptz, interval),
  sessions.admin_session_health(),
  sessions.admin_revoke_session(uuid, text, text),
  sessions.admin_extend_interview(uuid, text, interval, text),
  sessions.admin_reap_stale_sessions(integer),
  sessions.check_administrator(),
  sessions.admin_check_page(text, boolean, integer, integer, integer),
  sessions.admin_email_of(uuid),
  sessions.admin_mentions(text, text, text, text, text, uuid),
  public.start_session(text, boolean, text, text),
  public.heartbeat_session(text),
  public.complete_session(text),
  public.end_session(text, text),
  public.holds_session(text, bigint, text),
  public.user_holds_session(uuid, text, bigint, text),
  public.revoke_session(uuid, text, text),
  public.extend_interview(uuid, text, interval, text),
  public.reap_stale_sessions(integer, boolean),
  public.session_health(),
  sessions.start_session(text, boolean, text, text),
  sessions.heartbeat_session(text),
  sessions.complete_session(text),
  sessions.end_session(text, text),
  sessions.holds_session(text, bigint, text),
  sessions.user_holds_session(uuid, text, bigint, text),
  sessions.revoke_session(uuid, text, text),
  sessions.extend_interview(uuid, text, interval, text),
  sessions.reap_stale_sessions(integer, boolean),
  sessions.session_health(),
  sessions.refuse_caller(),
  sessions.refuse_argument(text, text),
  sessions.refuse_line(text, integer, integer),
  sessions.lock_user(uuid, boolean),
  sessions.stale_reason(timestamptz, timestamptz),
  sessions.retire(public.active_interview_sessions, timestamptz, text),
  sessions.refuse_over(text, text, timestamptz, text),
  sessions.refuse_not_live(uuid, text),
  sessions.refuse_held(public.active_interview_sessions, timestamptz, text),
  sessions.check_snapshot(uuid, text, text),
  sessions.operator(),
  sessions.is_held(uuid, text, bigint, text),
  sessions.check_note(text),
  sessions.revoke(uuid, text, text, text),
  sessions.extend(uuid, text, interval, text, text),
  sessions.reap(integer, boolean, text),
  sessions.retire_stale(uuid[]),
  sessions.pick_stale(integer, timestamptz),
  sessions.cannot_write(text),
  sessions.prune_history(timestamptz, integer),
  sessions.prune_interviews(timestamptz, integer),
  sessions.refuse_suppressed(regclass),
  sessions.overlapping_sessions(timestamptz, bigint),
  sessions.unexpected_grants(),
  sessions.health(),
  sessions.current_settings(),
  sessions.lift_fence(),
  sessions.version()
restrict;

drop type if exists public.interview_session_health restrict;

drop table if exists
  public.active_interview_sessions,
  public.interview_session_history,
  sessions.extensions,
  public.interviews,
  sessions.settings,
  sessions.early_ends,
  sessions.revocations,
  sessions.reap_failures,
  sessions.reaper_runs
restrict;

drop function if exists
  sessions.end_reason_message(text),
  sessions.check_session(),
  sessions.is_line(text, integer, integer),
  sessions.keep_settings()
restrict;

drop sequence if exists sessions.fence restrict;
drop schema if exists sessions restrict;


-- Postgres does not track what the body of a function uses. A trigger function that calls holds_session() would fail every
-- write to its table from now on.
do $$
declare
  v_functions text := (
    select string_agg(format('function %s', p.oid::regprocedure), e'\n' order by p.oid::regprocedure::text)
    from pg_catalog.pg_proc p
    where p.prosrc ~* (
        '\m(active_interview_sessions|interview_session_history|start_session|heartbeat_session|complete_session|end_session'
        || '|holds_session|user_holds_session|revoke_session|extend_interview|reap_stale_sessions|session_health|public\.interviews'
        || '|(claim|settle|list|retry|drop)_deliveries'
        || '|admin_(live_sessions|ended_sessions|session_health|revoke_session)'
        || '|sessions\.(settings|early_ends|revocations|extensions|reap_failures|reaper_runs|endpoints|deliveries|overlapping_sessions|lift_fence|version))\M'
      )
      and p.pronamespace <> 'pg_catalog'::regnamespace
      and not exists (
        select
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
      )
  );
begin
  if v_functions is not null then
    raise dependent_objects_still_exist using
      message = 'cannot drop interview sessions because other functions call or read them',
      detail = v_functions,
      hint = 'Nothing was changed. Change or drop these functions first. If they use something else of that name, leave this block out.';
  end if;
end
$$;


-- So that supabase db push knows that they are not applied.
do $$
begin
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    delete from supabase_migrations.schema_migrations m
    where m.version in (
      '20250123000000', '20250124000000', '20250124000100', '20250124000200', '20250124000300', '20250124000400', '20250124000500',
      '20250124000600', '20250124000700', '20250124000800'
    );
  end if;
end
$$;


-- Tells PostgREST to reload its schema cache.
notify pgrst, 'reload schema';

commit;
