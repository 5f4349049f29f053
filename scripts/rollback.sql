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


-- What goes. Functions of the first list use the tables, and the tables those of the second.
-- Objects of the app that depend on any of it would make a statement below fail, which names only those of its own objects:
-- this names all of them, with functions whose text names ours. Postgres does not track what the body of a function uses, so
-- a trigger function that calls holds_session() would fail every write to its table from now on.
do $$
declare
  v_functions constant text[] := array[
    'sessions.claim_deliveries(integer, text)',
    'sessions.settle_deliveries(jsonb)',
    'sessions.list_deliveries(boolean, integer)',
    'sessions.retry_deliveries(text, uuid)',
    'sessions.drop_deliveries(text, uuid)',
    'sessions.delivery_health()',
    'sessions.delivery_state(timestamptz, text)',
    'sessions.revive_deliveries(text, uuid)',
    'sessions.notify(uuid, text)',
    'sessions.allow_notification()',
    'sessions.admin_live_sessions(text, text, text, boolean, integer, integer)',
    'sessions.admin_session_history(timestamptz, timestamptz, text, text, text, boolean, integer, integer)',
    'sessions.admin_session_details(uuid, text)',
    'sessions.admin_ended_sessions(timestamptz, interval)',
    'sessions.admin_session_health()',
    'sessions.admin_revoke_session(uuid, text, text)',
    'sessions.admin_extend_interview(uuid, text, interval, text)',
    'sessions.admin_reap_stale_sessions(integer)',
    'sessions.admin_list_deliveries(text, text, text, boolean, integer, integer)',
    'sessions.admin_retry_deliveries(text, uuid)',
    'sessions.check_administrator()',
    'sessions.admin_check_page(text, boolean, integer, integer, integer)',
    'sessions.admin_email_of(uuid)',
    'sessions.admin_mentions(text, text, text, text, text, uuid)',
    'public.start_session(text, boolean, text, text)',
    'public.heartbeat_session(text)',
    'public.complete_session(text)',
    'public.end_session(text, text)',
    'public.holds_session(text, bigint, text)',
    'public.user_holds_session(uuid, text, bigint, text)',
    'public.revoke_session(uuid, text, text)',
    'public.extend_interview(uuid, text, interval, text)',
    'public.reap_stale_sessions(integer, boolean)',
    'public.session_health()',
    'sessions.start_session(text, boolean, text, text)',
    'sessions.heartbeat_session(text)',
    'sessions.complete_session(text)',
    'sessions.end_session(text, text)',
    'sessions.holds_session(text, bigint, text)',
    'sessions.user_holds_session(uuid, text, bigint, text)',
    'sessions.revoke_session(uuid, text, text)',
    'sessions.extend_interview(uuid, text, interval, text)',
    'sessions.reap_stale_sessions(integer, boolean)',
    'sessions.session_health()',
    'sessions.refuse_caller()',
    'sessions.refuse_argument(text, text)',
    'sessions.refuse_line(text, integer, integer)',
    'sessions.lock_user(uuid, boolean)',
    'sessions.stale_reason(timestamptz, timestamptz)',
    'sessions.retire(public.active_interview_sessions, timestamptz, text)',
    'sessions.refuse_over(text, text, timestamptz, text)',
    'sessions.refuse_not_live(uuid, text)',
    'sessions.refuse_held(public.active_interview_sessions, timestamptz, text)',
    'sessions.check_snapshot(uuid, text, text)',
    'sessions.operator()',
    'sessions.is_held(uuid, text, bigint, text)',
    'sessions.check_note(text)',
    'sessions.revoke(uuid, text, text, text)',
    'sessions.extend(uuid, text, interval, text, text)',
    'sessions.reap(integer, boolean, text)',
    'sessions.retire_stale(uuid[])',
    'sessions.pick_stale(integer, timestamptz)',
    'sessions.cannot_write(text)',
    'sessions.prune_history(timestamptz, integer)',
    'sessions.prune_interviews(timestamptz, integer)',
    'sessions.refuse_suppressed(regclass)',
    'sessions.overlapping_sessions(timestamptz, bigint)',
    'sessions.unexpected_grants()',
    'sessions.health()',
    'sessions.current_settings()',
    'sessions.lift_fence()',
    'sessions.version()'
  ]
  -- Without their chapter, functions of these names belong to the app.
  || case
    when to_regprocedure('sessions.check_administrator()') is not null then array[
      'public.admin_live_sessions(text, text, text, boolean, integer, integer)',
      'public.admin_session_history(timestamptz, timestamptz, text, text, text, boolean, integer, integer)',
      'public.admin_session_details(uuid, text)',
      'public.admin_ended_sessions(timestamptz, interval)',
      'public.admin_session_health()',
      'public.admin_revoke_session(uuid, text, text)',
      'public.admin_extend_interview(uuid, text, interval, text)',
      'public.admin_reap_stale_sessions(integer)',
      'public.admin_list_deliveries(text, text, text, boolean, integer, integer)',
      'public.admin_retry_deliveries(text, uuid)'
    ]
  end
  || case
    when to_regclass('sessions.deliveries') is not null then array[
      'public.claim_deliveries(integer, text)',
      'public.settle_deliveries(jsonb)',
      'public.list_deliveries(boolean, integer)',
      'public.retry_deliveries(text, uuid)',
      'public.drop_deliveries(text, uuid)'
    ]
  end;
  v_used_by_tables constant text[] := array[
    'sessions.end_reason_message(text)',
    'sessions.check_session()',
    'sessions.is_line(text, integer, integer)',
    'sessions.keep_settings()',
    'sessions.record_deliveries()',
    'sessions.lock_history()',
    'sessions.switch_deliveries()',
    'sessions.notify_of_end()',
    'sessions.notify_of_extension()'
  ];
  v_tables constant text[] := array[
    'sessions.deliveries',
    'sessions.endpoints',
    'public.active_interview_sessions',
    'public.interview_session_history',
    'sessions.extensions',
    'public.interviews',
    'sessions.settings',
    'sessions.early_ends',
    'sessions.revocations',
    'sessions.reap_failures',
    'sessions.reaper_runs'
  ];
  v_types constant text[] := array['public.interview_session_health'];
  v_sequences constant text[] := array['sessions.fence'];
  -- A word of a function's text that means ours.
  v_words constant text := e'\\m(active_interview_sessions|interview_session_history|start_session|heartbeat_session|complete_session|end_session'
    || e'|holds_session|user_holds_session|revoke_session|extend_interview|reap_stale_sessions|session_health|public\\.interviews'
    || e'|(admin_)?(claim|settle|list|retry|drop)_deliveries'
    || e'|admin_(live_sessions|ended_sessions|session_health|revoke_session)'
    || e'|sessions\\.(settings|early_ends|revocations|extensions|reap_failures|reaper_runs|endpoints|deliveries|overlapping_sessions|lift_fence|version))\\M';
  v_dependants text;
begin
  with
  relation as (
    select to_regclass(n)::oid as oid from unnest(v_tables || v_sequences) n
  ),
  -- The sequences of identity columns, indexes.
  part as (
    select d.objid as oid
    from pg_catalog.pg_depend d
    join relation r on r.oid = d.refobjid
    where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype in ('a', 'i')
  ),
  row_type as (
    select t.oid, t.typarray, t.typrelid
    from pg_catalog.pg_type t
    where t.typrelid in (select r.oid from relation r) or t.oid in (select to_regtype(n) from unnest(v_types) n)
  ),
  routine as (
    select
      case
        -- Before Postgres 16, to_regprocedure() fails if a type is missing.
        when n not like '%public.active_interview_sessions%' or to_regclass('public.active_interview_sessions') is not null
          then to_regprocedure(n)::oid
      end as oid
    from unnest(v_functions || v_used_by_tables) n
  ),
  ours (classid, objid) as (
    select 'pg_catalog.pg_class'::regclass, r.oid from relation r
    union all
    select 'pg_catalog.pg_class'::regclass, p.oid from part p
    union all
    select 'pg_catalog.pg_class'::regclass, t.typrelid from row_type t
    union all
    select 'pg_catalog.pg_type'::regclass, t.oid from row_type t
    union all
    select 'pg_catalog.pg_type'::regclass, t.typarray from row_type t
    union all
    select 'pg_catalog.pg_proc'::regclass, f.oid from routine f
    union all
    select 'pg_catalog.pg_namespace'::regclass, to_regnamespace('sessions')
    union all
    select 'pg_catalog.pg_constraint'::regclass, c.oid from pg_catalog.pg_constraint c where c.conrelid in (select r.oid from relation r)
    union all
    select 'pg_catalog.pg_attrdef'::regclass, a.oid from pg_catalog.pg_attrdef a where a.adrelid in (select r.oid from relation r)
    union all
    select 'pg_catalog.pg_policy'::regclass, p.oid from pg_catalog.pg_policy p where p.polrelid in (select r.oid from relation r)
    union all
    select 'pg_catalog.pg_trigger'::regclass, t.oid from pg_catalog.pg_trigger t where t.tgrelid in (select r.oid from relation r)
    union all
    select 'pg_catalog.pg_rewrite'::regclass, w.oid from pg_catalog.pg_rewrite w where w.ev_class in (select r.oid from relation r)
  ),
  dependant as (
    select
      coalesce(
        (
          select pg_describe_object('pg_catalog.pg_class'::regclass, w.ev_class, 0)
          from pg_catalog.pg_rewrite w
          where d.classid = 'pg_catalog.pg_rewrite'::regclass and w.oid = d.objid
        ),
        case
          when d.classid = 'pg_catalog.pg_attrdef'::regclass then (
            select pg_describe_object('pg_catalog.pg_class'::regclass, a.adrelid, a.adnum)
            from pg_catalog.pg_attrdef a
            where a.oid = d.objid
          )
        end,
        pg_describe_object(d.classid, d.objid, d.objsubid)
      ) as what,
      d.classid = 'pg_catalog.pg_proc'::regclass as is_function
    from pg_catalog.pg_depend d
    join ours o on o.classid = d.refclassid and o.objid = d.refobjid
    where d.deptype = 'n'
      and d.classid <> 'pg_catalog.pg_default_acl'::regclass
      and not exists (select from ours i where i.classid = d.classid and i.objid = d.objid)
    union
    select pg_describe_object('pg_catalog.pg_proc'::regclass, p.oid, 0), true
    from pg_catalog.pg_proc p
    where p.prosrc ~* v_words
      and p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
      and not exists (select from ours i where i.classid = 'pg_catalog.pg_proc'::regclass and i.objid = p.oid)
      and not exists (
        select
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
      )
  )
  select string_agg(d.what, e'\n' order by d.is_function, d.what) into v_dependants
  from dependant d;
  if v_dependants is not null then
    raise dependent_objects_still_exist using
      message = 'Interview sessions cannot be removed, because objects of the app depend on them. Nothing was changed.',
      detail = v_dependants,
      hint = 'Change or drop these objects first. Do not use CASCADE: dropping a policy or a trigger leaves its table unguarded. A function is listed if its text names ours; if it means something else, take that name out of v_words.';
  end if;
  -- The next block drops these. Without them, after a refusal, it does nothing: some clients go on after an error, as psql does
  -- with ON_ERROR_ROLLBACK.
  perform
    set_config('interview_sessions.functions', array_to_string(v_functions, ', '), true),
    set_config('interview_sessions.types', array_to_string(v_types, ', '), true),
    set_config('interview_sessions.tables', array_to_string(v_tables, ', '), true),
    set_config('interview_sessions.used_by_tables', array_to_string(v_used_by_tables, ', '), true),
    set_config('interview_sessions.sequences', array_to_string(v_sequences, ', '), true);
end
$$;


do $$
begin
  if coalesce(current_setting('interview_sessions.functions', true), '') = '' then
    return;
  end if;
  execute format('drop function if exists %s restrict', current_setting('interview_sessions.functions'));
  execute format('drop type if exists %s restrict', current_setting('interview_sessions.types'));
  execute format('drop table if exists %s restrict', current_setting('interview_sessions.tables'));
  execute format('drop function if exists %s restrict', current_setting('interview_sessions.used_by_tables'));
  execute format('drop sequence if exists %s restrict', current_setting('interview_sessions.sequences'));
  drop schema if exists sessions restrict;
  begin
    if to_regclass('realtime.messages') is not null then
      drop policy if exists "a user hears of their own interview sessions" on realtime.messages;
    end if;
  exception
    -- The table is Realtime's, and not every project lets postgres change it.
    when insufficient_privilege then
      if exists (
        select from pg_catalog.pg_policies p
        where p.schemaname = 'realtime' and p.policyname = 'a user hears of their own interview sessions'
      ) then
        raise warning 'The role % may not drop the policy "a user hears of their own interview sessions" on realtime.messages. Drop it as the owner of that table.',
          current_user;
      end if;
  end;
end
$$;


-- So that supabase db push knows that they are not applied.
do $$
begin
  if to_regnamespace('sessions') is null and to_regclass('supabase_migrations.schema_migrations') is not null then
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
