-- Checks that everything that follows can be applied, and refuses with all that is in the way in one message, before the
-- first change. Reports as notices what will happen to rows of the app. Changes nothing itself.
--
-- Three cases: nothing of ours is there; the first plan's table is, which clients wrote directly; an earlier version, or
-- this one, is installed.

-- Fails rather than make live traffic wait behind it. Reset at the end.
set lock_timeout = '5s';

do $$
declare
  v_version constant text := '0.1.0';
  -- Which chapters are about to be applied: all of them, unless the file says otherwise.
  v_chapters constant text := coalesce(nullif(current_setting('interview_sessions.chapters', true), ''), 'core, admin, deliveries, notification');
  v_tables constant text[] := array['active_interview_sessions', 'interview_session_history', 'interviews'];
  -- start_session() uses the primary key of interviews by its name; a table that was renamed keeps the names of its indexes.
  v_relations constant text[] := v_tables || array[
    'interview_session_health', 'interview_session_history_ended_at', 'interviews_deadline_at', 'interviews_pkey'
  ];
  v_types constant text[] := v_tables || array['interview_session_health'];
  v_functions constant text[] := array[
    'start_session', 'heartbeat_session', 'complete_session', 'end_session', 'holds_session', 'user_holds_session',
    'revoke_session', 'extend_interview', 'reap_stale_sessions', 'session_health'
  ] || case when v_chapters like '%admin%' then array[
    'admin_live_sessions', 'admin_session_history', 'admin_session_details', 'admin_ended_sessions', 'admin_session_health',
    'admin_revoke_session', 'admin_extend_interview', 'admin_reap_stale_sessions', 'admin_list_deliveries',
    'admin_retry_deliveries'
  ] end || case when v_chapters like '%deliveries%' then array[
    'claim_deliveries', 'settle_deliveries', 'list_deliveries', 'retry_deliveries', 'drop_deliveries'
  ] end;
  v_planned constant text[] := array['user_id', 'session_id', 'status', 'created_at', 'updated_at'];

  v_cursor refcursor := 'interview_sessions_preflight';
  v_findings text[] := '{}';
  v_is_installed boolean := false;
  v_installed text;
  v_plan regclass;
  v_names text;
  v_count bigint;
  v_row record;
begin
  -- The server, its roles, and the rights of the current role.

  if current_setting('server_version_num')::integer < 150000 then
    v_findings := v_findings || format(
      'This is Postgres %s, and Postgres 15 or newer is needed. Upgrade the database first.', current_setting('server_version')
    );
  end if;

  select string_agg(n, ', ' order by n) into v_names
  from unnest(array['anon', 'authenticated', 'service_role']) n
  where not exists (select from pg_catalog.pg_roles r where r.rolname = n);
  if v_names is not null then
    v_findings := v_findings || format(
      'Roles are missing (%s): the functions are granted to them. Apply this to a Supabase database, or create the roles as Supabase does.',
      v_names
    );
  end if;

  if to_regclass('auth.users') is null or to_regprocedure('auth.uid()') is null or to_regprocedure('auth.jwt()') is null then
    v_findings := v_findings || 'The schema auth is missing or incomplete: auth.users, auth.uid() and auth.jwt() are needed. Apply this to a Supabase database, with Auth set up.'::text;
  elsif not has_table_privilege('auth.users', 'references') or not has_table_privilege('auth.users', 'select') then
    v_findings := v_findings || format(
      'The role %s may not reference auth.users, which our tables do. Apply this as postgres.', current_user
    );
  end if;

  if not has_schema_privilege('public', 'create') or not has_database_privilege(current_database(), 'create') then
    v_findings := v_findings || format(
      'The role %s may not create tables in public and schemas in this database. Apply this as postgres.', current_user
    );
  end if;


  -- Is it installed?

  if to_regnamespace('sessions') is not null then
    v_is_installed := to_regprocedure('sessions.version()') is not null and exists (
      select from pg_catalog.pg_class c where c.oid = to_regclass('sessions.fence') and c.relkind = 'S'
    );
    if not v_is_installed then
      v_findings := v_findings || 'The schema sessions already exists and does not belong to this component, whose own schema has that name. Rename it: alter schema sessions rename to …'::text;
    end if;
  end if;

  if v_is_installed then
    execute 'select sessions.version()::text' into v_installed;
    if v_installed is null or v_installed !~ '^\d{1,6}\.\d{1,6}\.\d{1,6}$' then
      v_findings := v_findings || format(
        'The schema sessions already exists and does not belong to this component: sessions.version() answers %s. Rename it: alter schema sessions rename to …',
        coalesce(quote_literal(v_installed), 'null')
      );
    elsif string_to_array(v_installed, '.')::integer[] > string_to_array(v_version, '.')::integer[] then
      v_findings := v_findings || format(
        'The installed version, %s, is newer than the one that is applied, %s, which would undo what has changed since. Use version %s or newer: npx interview-sessions@latest install',
        v_installed, v_version, v_installed
      );
    elsif v_installed <> v_version then
      for v_row in
        select o.chapter
        from (values
          ('admin', 'sessions.check_administrator()'),
          ('deliveries', 'sessions.claim_deliveries(integer, text)'),
          ('notification', 'sessions.notify(uuid, text)')
        ) o (chapter, signature)
        where to_regprocedure(o.signature) is not null and strpos(v_chapters, o.chapter) = 0
      loop
        v_findings := v_findings || format(
          'The %s chapter is installed, and what is applied leaves it out: its functions would stay at version %s. Apply the SQL with it: delete this migration, then npx interview-sessions install --%s (by hand: npx interview-sessions plan --%s)',
          v_row.chapter, v_installed, v_row.chapter, v_row.chapter
        );
      end loop;
    end if;
  end if;


  -- Names that the app has already taken.

  if not v_is_installed then
    for v_row in
      select c.oid::regclass as name, pg_describe_object('pg_catalog.pg_class'::regclass, c.oid, 0) as what, c.relkind
      from pg_catalog.pg_class c
      where c.relnamespace = 'public'::regnamespace
        and c.relname = any (v_relations)
        and c.relname <> 'active_interview_sessions'
      order by c.relname
    loop
      v_findings := v_findings || format(
        'The %s already exists and does not belong to this component, which needs that name in public. Rename it: alter %s %s rename to …',
        v_row.what,
        case v_row.relkind
          when 'v' then 'view' when 'm' then 'materialized view' when 'i' then 'index' when 'I' then 'index'
          when 'S' then 'sequence' when 'c' then 'type' when 'f' then 'foreign table' else 'table'
        end,
        v_row.name
      );
    end loop;

    for v_row in
      select t.oid::regtype as name
      from pg_catalog.pg_type t
      where t.typnamespace = 'public'::regnamespace
        and t.typname = any (v_types)
        -- Those of relations are found above.
        and not exists (
          select from pg_catalog.pg_class c
          where c.oid = t.typrelid and (c.relname = 'active_interview_sessions' or c.relname = any (v_relations))
        )
      order by t.typname
    loop
      v_findings := v_findings || format(
        'The type %s already exists and does not belong to this component, which needs that name in public. Rename it: alter type %s rename to …',
        v_row.name, v_row.name
      );
    end loop;
  else
    for v_row in
      select c.relname, c.oid::regclass as name
      from (values
        ('active_interview_sessions', 'fence'), ('interview_session_history', 'end_reason'), ('interviews', 'last_session_id')
      ) o (relname, attname)
      join pg_catalog.pg_class c on c.relname = o.relname and c.relnamespace = 'public'::regnamespace
      where not exists (
        select from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attname = o.attname and not a.attisdropped and c.relkind = 'r'
      )
      order by c.relname
    loop
      v_findings := v_findings || format(
        'The table %s already exists and does not belong to this component, which needs that name in public. Rename it: alter table %s rename to …',
        v_row.name, v_row.name
      );
    end loop;
  end if;

  -- A function of the same name with other arguments would make each call ambiguous (PGRST203). Ours calls the function of
  -- its name in sessions.
  for v_row in
    select p.oid::regprocedure as name, p.proname
    from pg_catalog.pg_proc p
    where p.pronamespace = 'public'::regnamespace
      and p.proname = any (v_functions)
      and not (v_is_installed and p.prosrc like '%sessions.' || p.proname || '(%')
    order by p.proname, p.oid::regprocedure::text
  loop
    v_findings := v_findings || format(
      'The function %s already exists and does not belong to this component, which has a function %s: calls through the API would be ambiguous. Rename it: alter function %s rename to …',
      v_row.name, v_row.proname, v_row.name
    );
  end loop;


  -- The current role must own what it is to change.

  if v_is_installed then
    select string_agg(format('%s (%s)', o.what, pg_get_userbyid(o.owner)), ', ' order by o.what) into v_names
    from (
      select pg_describe_object('pg_catalog.pg_class'::regclass, c.oid, 0) as what, c.relowner as owner
      from pg_catalog.pg_class c
      where c.relkind in ('r', 'S')
        and (
          c.relnamespace = 'sessions'::regnamespace
          or c.relnamespace = 'public'::regnamespace and c.relname = any (v_tables)
        )
      union all
      select pg_describe_object('pg_catalog.pg_proc'::regclass, p.oid, 0), p.proowner
      from pg_catalog.pg_proc p
      where p.pronamespace = 'sessions'::regnamespace
        or p.pronamespace = 'public'::regnamespace
          and p.proname = any (v_functions)
          and p.prosrc like '%sessions.' || p.proname || '(%'
    ) o
    where not pg_has_role(o.owner, 'usage');
    if v_names is not null then
      v_findings := v_findings || format(
        'Installed objects belong to other roles, and the role %s may not change them: %s. Apply this as their owner, or give them away: alter … owner to %s',
        current_user, v_names, current_user
      );
    end if;
  end if;


  -- The first plan's table. Its rows are kept, and it is dropped: it must hold nothing but what the plan had.

  if not v_is_installed then
    v_plan := to_regclass('public.active_interview_sessions');
  end if;

  if v_plan is not null then
    select string_agg(n, ', ' order by array_position(v_planned, n)) into v_names
    from unnest(v_planned) n
    where not exists (
      select from pg_catalog.pg_attribute a
      where a.attrelid = v_plan and a.attname = n and not a.attisdropped
        and case n
          when 'user_id' then a.atttypid = 'uuid'::regtype
          when 'created_at' then a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype)
          when 'updated_at' then a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype)
          else true
        end
    );
    if v_names is not null or (select c.relkind <> 'r' or c.relispartition from pg_catalog.pg_class c where c.oid = v_plan) then
      v_findings := v_findings || format(
        'The relation %s already exists and is not the table that this component can upgrade%s. Rename it: alter table %s rename to …',
        v_plan,
        coalesce(format(', which has the columns user_id (uuid), session_id, status, created_at and updated_at (timestamps): missing or of another type here: %s', v_names), ', but a view or a partitioned table'),
        v_plan
      );
      v_plan := null;
    end if;
  end if;

  if v_plan is not null then
    if not (select pg_has_role(c.relowner, 'usage') from pg_catalog.pg_class c where c.oid = v_plan) then
      v_findings := v_findings || format(
        'The table %s belongs to %s, and the role %s may not replace it. Apply this as that role, or give it away: alter table %s owner to %s',
        v_plan, (select pg_get_userbyid(c.relowner) from pg_catalog.pg_class c where c.oid = v_plan), current_user, v_plan, current_user
      );
    end if;

    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into v_names
    from pg_catalog.pg_attribute a
    where a.attrelid = v_plan and a.attnum > 0 and not a.attisdropped and a.attname <> all (v_planned);
    if v_names is not null then
      v_findings := v_findings || format(
        'The table %s has columns of the app''s own, which would be lost with their data: %s. Move them to a table of yours, and drop them here: alter table %s drop column …',
        v_plan, v_names, v_plan
      );
    end if;

    select string_agg(quote_ident(t.tgname), ', ' order by t.tgname) into v_names
    from pg_catalog.pg_trigger t
    where t.tgrelid = v_plan and not t.tgisinternal;
    if v_names is not null then
      v_findings := v_findings || format(
        'The table %s has triggers of the app''s own, which would be lost: %s. Drop them (drop trigger … on %s), and create them again afterwards on the new table.',
        v_plan, v_names, v_plan
      );
    end if;

    select string_agg(quote_ident(r.rulename), ', ' order by r.rulename) into v_names
    from pg_catalog.pg_rewrite r
    where r.ev_class = v_plan;
    if v_names is not null then
      v_findings := v_findings || format('The table %s has rules of the app''s own, which would be lost: %s. Drop them: drop rule … on %s', v_plan, v_names, v_plan);
    end if;

    -- In the plan, users may access their own row. Any other policy is the app's own.
    select string_agg(quote_ident(p.polname), ', ' order by p.polname) into v_names
    from pg_catalog.pg_policy p
    where p.polrelid = v_plan
      and exists (
        select
        from unnest(array[pg_get_expr(p.polqual, v_plan), pg_get_expr(p.polwithcheck, v_plan)]) e
        where regexp_replace(lower(e), '\(|\)|\s|select|asuid|as uid', '', 'g')
          not in ('auth.uid=user_id', 'user_id=auth.uid')
      );
    if v_names is not null then
      v_findings := v_findings || format(
        'The table %s has policies of the app''s own, which would be lost: %s. Drop them (drop policy … on %s). On the new table users can read their own live session and write nothing.',
        v_plan, v_names, v_plan
      );
    end if;

    select string_agg(distinct quote_ident(r.rolname), ', ') into v_names
    from pg_catalog.pg_class c
    cross join (
      select a.attacl as acl from pg_catalog.pg_attribute a where a.attrelid = v_plan
      union all
      select c.relacl from pg_catalog.pg_class c where c.oid = v_plan
    ) g
    cross join aclexplode(g.acl) x
    join pg_catalog.pg_roles r on r.oid = x.grantee
    where c.oid = v_plan
      and r.oid <> c.relowner
      and not r.rolsuper
      and r.rolname not in ('postgres', 'anon', 'authenticated', 'service_role', 'authenticator', 'dashboard_user')
      and r.rolname not like 'supabase\_%';
    if v_names is not null then
      v_findings := v_findings || format(
        'The table %s is granted to roles of the app''s own, who would lose it: %s. Revoke that (revoke all on %s from …), and grant them the new table afterwards.',
        v_plan, v_names, v_plan
      );
    end if;

    select string_agg(quote_ident(p.pubname), ', ' order by p.pubname) into v_names
    from pg_catalog.pg_publication_rel r
    join pg_catalog.pg_publication p on p.oid = r.prpubid
    where r.prrelid = v_plan;
    if v_names is not null then
      v_findings := v_findings || format(
        'The table %s is in publications (%s), as for Realtime, and would leave them. Take it out (alter publication … drop table %s), and add the new table afterwards.',
        v_plan, v_names, v_plan
      );
    end if;

    select string_agg(i.inhrelid::regclass::text, ', ') into v_names
    from pg_catalog.pg_inherits i
    where i.inhparent = v_plan;
    if v_names is not null then
      v_findings := v_findings || format(
        'Other tables inherit from %s: %s. Take them out: alter table … no inherit %s', v_plan, v_names, v_plan
      );
    end if;

    -- Views, foreign keys, functions that return its rows, policies of other tables.
    select string_agg(distinct d.what, ', ' order by d.what) into v_names
    from (
      select coalesce(
        (
          select pg_describe_object('pg_catalog.pg_class'::regclass, r.ev_class, 0)
          from pg_catalog.pg_rewrite r
          where d.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = d.objid
        ),
        pg_describe_object(d.classid, d.objid, d.objsubid)
      ) as what
      from pg_catalog.pg_depend d
      where d.deptype = 'n'
        and (
          d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = v_plan
          or d.refclassid = 'pg_catalog.pg_type'::regclass and d.refobjid in (
            select t.oid from pg_catalog.pg_type t where t.typrelid = v_plan
            union all
            select t.typarray from pg_catalog.pg_type t where t.typrelid = v_plan
          )
        )
        -- The table's own objects were checked above, or are dropped with it.
        and not (d.classid = 'pg_catalog.pg_class'::regclass and d.objid = v_plan)
        and not (d.classid = 'pg_catalog.pg_class'::regclass and exists (select from pg_catalog.pg_inherits i where i.inhrelid = d.objid and i.inhparent = v_plan))
        and not (d.classid = 'pg_catalog.pg_rewrite'::regclass and exists (select from pg_catalog.pg_rewrite r where r.oid = d.objid and r.ev_class = v_plan))
        and not (d.classid = 'pg_catalog.pg_policy'::regclass and exists (select from pg_catalog.pg_policy p where p.oid = d.objid and p.polrelid = v_plan))
        and not (d.classid = 'pg_catalog.pg_trigger'::regclass and exists (select from pg_catalog.pg_trigger t where t.oid = d.objid and t.tgrelid = v_plan))
        and not (d.classid = 'pg_catalog.pg_constraint'::regclass and exists (select from pg_catalog.pg_constraint c where c.oid = d.objid and c.conrelid = v_plan))
        and not (d.classid = 'pg_catalog.pg_attrdef'::regclass and exists (select from pg_catalog.pg_attrdef f where f.oid = d.objid and f.adrelid = v_plan))
    ) d;
    if v_names is not null then
      v_findings := v_findings || format(
        'Objects of the app depend on the table %s, which is replaced: %s. Drop them, and create them again afterwards on the new table.',
        v_plan, v_names
      );
    end if;

    execute format('select count(*) from (select user_id from %s where user_id is not null group by user_id having count(*) > 1) d', v_plan)
    into v_count;
    if v_count > 0 then
      v_findings := v_findings || format(
        'The table %s has more than one row for %s users, and a user has one session at most. Delete all but the latest of each.', v_plan, v_count
      );
    end if;
  end if;


  if v_findings <> '{}' then
    raise object_not_in_prerequisite_state using
      message = format(
        e'Interview sessions %s cannot be %s. Nothing was changed. %s:\n%s',
        v_version,
        case when v_is_installed then 'upgraded' else 'installed' end,
        cardinality(v_findings) || case cardinality(v_findings) when 1 then ' problem' else ' problems' end,
        (select string_agg(format('  %s. %s', f.number, f.finding), e'\n' order by f.number) from unnest(v_findings) with ordinality f (finding, number))
      );
  end if;


  -- What happens to unusual rows of the first plan's table.

  if v_plan is not null then
    for v_row in execute format(
      'select status::text as status, count(*) as rows from %s where (status::text in (''active'', ''completing'')) is not true group by 1 order by 1', v_plan
    ) loop
      raise notice 'The status % of % rows of % becomes active.', quote_nullable(v_row.status), v_row.rows, v_plan;
    end loop;

    execute format(
      'select count(*) from %s where (char_length(session_id::text) between 1 and 128 and session_id::text !~ %L) is not true',
      v_plan, '[\u0001-\u001f\u007f-\u009f]'
    ) into v_count;
    if v_count > 0 then
      raise notice 'The session_id of % rows of % is empty, too long, or has control characters, and is changed.', v_count, v_plan;
    end if;

    execute format(
      'select count(*) from %s where greatest(created_at, updated_at)::timestamptz > now()', v_plan
    ) into v_count;
    if v_count > 0 then
      raise notice '% rows of % have times in the future, which count as now.', v_count, v_plan;
    end if;

    execute format(
      'select count(*) from %s f where not exists (select from auth.users u where u.id = f.user_id)', v_plan
    ) into v_count;
    if v_count > 0 then
      raise notice '% rows of % have no user in auth.users and are not kept.', v_count, v_plan;
    end if;

    select string_agg(c.what, ', ' order by c.what) into v_names
    from (
      select format('constraint %I', c.conname) as what
      from pg_catalog.pg_constraint c
      where c.conrelid = v_plan
        and (c.contype in ('c', 'u', 'x') or c.contype = 'f' and c.confrelid <> 'auth.users'::regclass)
      union all
      select format('index %s', i.indexrelid::regclass)
      from pg_catalog.pg_index i
      where i.indrelid = v_plan and not i.indisprimary
        and not exists (select from pg_catalog.pg_constraint c where c.conindid = i.indexrelid)
    ) c;
    if v_names is not null then
      raise notice 'These are dropped with the old table %: %.', v_plan, v_names;
    end if;

    select string_agg(p.oid::regprocedure::text, ', ' order by p.oid::regprocedure::text) into v_names
    from pg_catalog.pg_proc p
    where p.prosrc ~ '\mactive_interview_sessions\M'
      and p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
      and not exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
      );
    if v_names is not null then
      raise notice 'These functions use %, which only the functions of interview sessions may write from now on: %.', v_plan, v_names;
    end if;
  end if;


  -- In the migration of the npm package this cursor makes the commit fail if it is still open.
  if exists (select from pg_catalog.pg_cursors c where c.name = v_cursor::text) then
    close v_cursor;
  end if;
end
$$;


reset lock_timeout;
