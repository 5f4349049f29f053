begin;
\ir ../helpers.psql
select plan(5);

select isnt(obj_description('sessions'::regnamespace, 'pg_namespace'), null, 'M1: the schema sessions has a comment');

-- The sequence behind an identity column is part of the column, which has a comment of its own.
select is_empty(
  $$ select c.oid::regclass
    from pg_class c
    where (c.relnamespace = 'sessions'::regnamespace or c.relname like '%interview_session%' or c.relname = 'interviews')
      and c.relkind not in ('i', 'I')
      and c.relnamespace::regnamespace::text !~ '^pg_'
      and not exists (
        select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'i'
      )
      and coalesce(obj_description(c.oid, 'pg_class'), '') = '' $$,
  'M1: each table and sequence has a comment'
);

select is_empty(
  $$ select c.oid::regclass, a.attname
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where (c.relnamespace = 'sessions'::regnamespace or c.relname like '%interview_session%' or c.relname = 'interviews')
      and c.relkind = 'r'
      and coalesce(col_description(c.oid, a.attnum), '') = '' $$,
  'M1: each column has a comment'
);

select is_empty(
  $$ select p.oid::regprocedure
    from pg_proc p
    where (
        p.pronamespace = 'sessions'::regnamespace
        or p.pronamespace = 'public'::regnamespace
          and p.proname in (select s.proname from pg_proc s where s.pronamespace = 'sessions'::regnamespace)
      )
      and coalesce(obj_description(p.oid, 'pg_proc'), '') = '' $$,
  'M1: each function has a comment'
);

-- when: three comments are missing
do $$ begin execute format('comment on function %s is null', 'public.start_session'::regproc::oid::regprocedure); end $$;
comment on column sessions.settings.lease is null;
comment on table public.active_interview_sessions is null;

-- then: these queries find them
select bag_eq(
  $$ select 'function'
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace
      and p.proname in (select s.proname from pg_proc s where s.pronamespace = 'sessions'::regnamespace)
      and coalesce(obj_description(p.oid, 'pg_proc'), '') = ''
    union all
    select 'column ' || a.attname
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'sessions'::regnamespace
      and c.relkind = 'r'
      and coalesce(col_description(c.oid, a.attnum), '') = ''
    union all
    select 'table ' || c.relname
    from pg_class c
    where c.relname like '%interview_session%' and c.relkind = 'r' and coalesce(obj_description(c.oid, 'pg_class'), '') = '' $$,
  $$ values ('function'), ('column lease'), ('table active_interview_sessions') $$,
  'the three without a comment are found'
);

select * from finish();
rollback;
