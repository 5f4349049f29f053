-- Removes everything that the migrations of interview sessions created, and nothing else.
--
-- Run as postgres: paste it into the SQL editor, or psql -v ON_ERROR_STOP=1 -f scripts/rollback.sql "$DATABASE_URL".
-- All of it happens or nothing does, and it may be run again. Before:
--   * Stop the schedule that calls the reaper, and delete its Edge Function: supabase functions delete reap-stale-sessions.
--   * Live sessions and the history go too. To keep the history: create table kept as table public.interview_session_history.
--   * The table that the first plan had does not come back.
-- It refuses (2BP01) while something of the app depends on what is to go, and says what. What was added to our own tables
-- goes with them: an index, a trigger, a policy, a place in a publication.
-- Afterwards supabase db push would apply the migrations again, since their versions are forgotten here: delete their files.

begin;

-- Dropping a table locks auth.users for a moment. Better to fail than to let every sign-in queue behind it.
set local lock_timeout = '5s';


drop function if exists
  public.admin_live_sessions(),
  public.admin_ended_sessions(timestamptz, interval),
  public.admin_session_health(),
  public.admin_revoke_session(uuid, text),
  sessions.admin_live_sessions(),
  sessions.admin_ended_sessions(timestamptz, interval),
  sessions.admin_session_health(),
  sessions.admin_revoke_session(uuid, text),
  sessions.check_administrator(),
  public.start_session(text, boolean, text, text),
  public.heartbeat_session(text),
  public.complete_session(text),
  public.end_session(text, text),
  public.holds_session(text, bigint, text),
  public.user_holds_session(uuid, text, bigint, text),
  public.revoke_session(uuid, text),
  public.extend_interview(uuid, text, interval, text),
  public.reap_stale_sessions(integer, boolean),
  public.session_health(),
  sessions.start_session(text, boolean, text, text),
  sessions.heartbeat_session(text),
  sessions.complete_session(text),
  sessions.end_session(text, text),
  sessions.holds_session(text, bigint, text),
  sessions.user_holds_session(uuid, text, bigint, text),
  sessions.revoke_session(uuid, text),
  sessions.extend_interview(uuid, text, interval, text),
  sessions.reap_stale_sessions(integer, boolean),
  sessions.session_health(),
  sessions.refuse_caller(),
  sessions.refuse_argument(text, text),
  sessions.check_line(text, text, integer, integer),
  sessions.lock_user(uuid, boolean),
  sessions.stale_reason(timestamptz, timestamptz),
  sessions.retire(public.active_interview_sessions, timestamptz, text),
  sessions.refuse_over(text, text, timestamptz, text),
  sessions.refuse_not_live(uuid, text),
  sessions.refuse_held(public.active_interview_sessions, timestamptz, text),
  sessions.refuse_unseen(uuid, text),
  sessions.operator(),
  sessions.is_held(uuid, text, bigint, text),
  sessions.check_note(text),
  sessions.revoke(uuid, text, text),
  sessions.extend(uuid, text, interval, text, text),
  sessions.retire_stale(uuid[]),
  sessions.pick_stale(integer, timestamptz),
  sessions.is_transient(text),
  sessions.postpone(uuid[], timestamptz),
  sessions.prune(timestamptz, integer),
  sessions.overlapping_sessions(timestamptz),
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
  sessions.reaper_runs
restrict;

drop function if exists
  sessions.end_reason_message(text),
  sessions.keep_settings()
restrict;

drop sequence if exists sessions.fence restrict;
drop schema if exists sessions restrict;


-- Postgres does not know what a function calls: its body is a text. A trigger whose function calls holds_session() would
-- from now on fail every write to its table.
do $$
declare
  v_functions text := (
    select string_agg(format('function %s', p.oid::regprocedure), e'\n' order by p.oid::regprocedure::text)
    from pg_catalog.pg_proc p
    where p.prosrc ~* (
        '\m(active_interview_sessions|interview_session_history|start_session|heartbeat_session|complete_session|end_session'
        || '|holds_session|user_holds_session|revoke_session|extend_interview|reap_stale_sessions|session_health|public\.interviews'
        || '|sessions\.(settings|reaper_runs|overlapping_sessions))\M'
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
      hint = 'Nothing was changed. Change or drop these functions first. If they mean something else of that name, leave this block out.';
  end if;
end
$$;


-- supabase db push then knows that they are not applied.
do $$
begin
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    delete from supabase_migrations.schema_migrations m
    where m.version in ('20250124000000', '20250124000100', '20250124000200', '20250124000300', '20250124000400', '20250124000500', '20250124000600');
  end if;
end
$$;


-- PostgREST then forgets the functions at once.
notify pgrst, 'reload schema';

commit;
