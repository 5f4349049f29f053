-- What is written in the catalogue, object by object, but for what each owner has by itself. Where an object has no
-- list of its own the built-in grants count: EXECUTE to PUBLIC on a function, for one.
begin;
select plan(6);

select bag_eq(
  $$
    select a.grantee::regrole::text, a.privilege_type, a.is_grantable
    from pg_namespace n
    cross join aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
    where n.nspname = 'sessions' and a.grantee <> n.nspowner
  $$,
  $$ values ('authenticated', 'USAGE', false), ('service_role', 'USAGE', false) $$,
  'B8: the schema sessions may be used, not written, by who has a function in it'
);

select bag_eq(
  $$
    select c.relnamespace::regnamespace || '.' || c.relname, a.grantee::regrole::text, a.privilege_type, a.is_grantable
    from pg_class c
    cross join aclexplode(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) a
    where (
        c.relnamespace = 'sessions'::regnamespace
        or c.relnamespace = 'public'::regnamespace and c.relname like '%interview_session%'
      )
      and c.relkind not in ('i', 'I')
      and a.grantee <> c.relowner
  $$,
  $$
    values
      ('public.active_interview_sessions', 'authenticated', 'SELECT', false),
      ('public.interview_session_history', 'authenticated', 'SELECT', false)
  $$,
  'B8: users may read the two tables; nothing else is granted on any table or sequence'
);

select is_empty(
  $$
    select a.attrelid::regclass, a.attname, a.attacl
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    where (
        c.relnamespace = 'sessions'::regnamespace
        or c.relnamespace = 'public'::regnamespace and c.relname like '%interview_session%'
      )
      and a.attacl is not null
  $$,
  'B8: nothing is granted on a column'
);

select bag_eq(
  $$
    select
      p.pronamespace::regnamespace || '.' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')' as signature,
      a.grantee::regrole::text as grantee, a.is_grantable
    from pg_proc p
    cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where (
        p.pronamespace = 'sessions'::regnamespace
        or p.pronamespace = 'public'::regnamespace
          and p.proname in (select s.proname from pg_proc s where s.pronamespace = 'sessions'::regnamespace)
      )
      and a.grantee <> p.proowner
  $$,
  $$
    select s.name || '.' || f.signature as signature, f.grantee, false as is_grantable
    from (values ('public'), ('sessions')) as s (name)
    cross join (
      values
        ('start_session(text, boolean, text)', 'authenticated'),
        ('heartbeat_session(text)', 'authenticated'),
        ('complete_session(text)', 'authenticated'),
        ('end_session(text, text)', 'authenticated'),
        ('holds_session(text, bigint)', 'authenticated'),
        ('revoke_session(uuid, text)', 'service_role'),
        ('reap_stale_sessions(integer, boolean)', 'service_role'),
        ('session_health()', 'service_role'),
        ('admin_live_sessions()', 'authenticated'),
        ('admin_ended_sessions(timestamp with time zone, interval)', 'authenticated'),
        ('admin_session_health()', 'authenticated'),
        ('admin_revoke_session(uuid, text)', 'authenticated')
    ) as f (signature, grantee)
  $$,
  'B8: five functions are for users, three for operators, four for users who are administrators, none for anon, none for PUBLIC'
);

select bag_eq(
  $$
    select distinct o.owner::regrole::text
    from (
      select n.nspowner from pg_namespace n where n.nspname = 'sessions'
      union all
      select c.relowner
      from pg_class c
      where c.relnamespace = 'sessions'::regnamespace
        or c.relnamespace = 'public'::regnamespace and c.relname like '%interview_session%'
      union all
      select p.proowner
      from pg_proc p
      where p.pronamespace = 'sessions'::regnamespace
        or p.pronamespace = 'public'::regnamespace
          and p.proname in (select s.proname from pg_proc s where s.pronamespace = 'sessions'::regnamespace)
    ) as o (owner)
  $$,
  $$ values ('postgres') $$,
  'B8: all of it is owned by the role that made it'
);
select isnt_superuser('postgres', 'B8: which is no superuser');

select * from finish();
rollback;
