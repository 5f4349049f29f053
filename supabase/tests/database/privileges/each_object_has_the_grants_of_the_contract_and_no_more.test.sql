-- The grants in the catalogue, object by object, without what each owner has. An object without a list of its own has
-- the built-in grants: EXECUTE to PUBLIC on a function, for instance.
begin;
\ir ../helpers.psql
select plan(8);

create temp view relations as
select c.*
from pg_class c
where (
    c.relnamespace = 'sessions'::regnamespace
    or c.relnamespace = 'public'::regnamespace and (c.relname like '%interview_session%' or c.relname = 'interviews')
  )
  and c.relkind in ('r', 'S');

create temp view functions as
select p.*
from pg_proc p
where p.pronamespace = 'sessions'::regnamespace
  or p.pronamespace = 'public'::regnamespace
    and p.proname in (select s.proname from pg_proc s where s.pronamespace = 'sessions'::regnamespace);

select bag_eq(
  $$ select a.grantee::regrole::text, a.privilege_type, a.is_grantable
    from pg_namespace n
    cross join aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
    where n.nspname = 'sessions' and a.grantee <> n.nspowner $$,
  $$ values ('authenticated', 'USAGE', false), ('service_role', 'USAGE', false) $$,
  'B8: only roles that have a function in it may use the schema sessions'
);

select bag_eq(
  $$ select r.relnamespace::regnamespace || '.' || r.relname, a.grantee::regrole::text, a.privilege_type, a.is_grantable
    from relations r
    cross join aclexplode(coalesce(r.relacl, acldefault(case r.relkind when 'S' then 's' else 'r' end::"char", r.relowner))) a
    where a.grantee <> r.relowner $$,
  $$ values
    ('public.active_interview_sessions', 'authenticated', 'SELECT', false),
    ('public.active_interview_sessions', 'service_role', 'SELECT', false),
    ('public.interview_session_history', 'authenticated', 'SELECT', false),
    ('public.interview_session_history', 'service_role', 'SELECT', false),
    ('public.interviews', 'authenticated', 'SELECT', false),
    ('public.interviews', 'service_role', 'SELECT', false) $$,
  'B8: users and the service may read the three tables in public; nothing else is granted on a table or sequence'
);

select is_empty(
  $$ select a.attrelid::regclass, a.attname, a.attacl
    from pg_attribute a
    join relations r on r.oid = a.attrelid
    where a.attacl is not null $$,
  'B8: nothing is granted on a column'
);

select bag_eq(
  $$ select f.pronamespace::regnamespace || '.' || f.proname as name, a.grantee::regrole::text, a.is_grantable
    from functions f
    cross join aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
    where a.grantee <> f.proowner $$,
  $$ values
      ('sessions.version', 'authenticated', false),
      ('sessions.version', 'service_role', false)
    union all
    select s.name || '.' || f.name, f.grantee, false
    from (values ('public'), ('sessions')) as s (name)
    cross join (
      values
        ('start_session', 'authenticated'),
        ('heartbeat_session', 'authenticated'),
        ('complete_session', 'authenticated'),
        ('end_session', 'authenticated'),
        ('holds_session', 'authenticated'),
        ('user_holds_session', 'service_role'),
        ('revoke_session', 'service_role'),
        ('extend_interview', 'service_role'),
        ('reap_stale_sessions', 'service_role'),
        ('session_health', 'service_role'),
        ('claim_deliveries', 'service_role'),
        ('settle_deliveries', 'service_role'),
        ('list_deliveries', 'service_role'),
        ('retry_deliveries', 'service_role'),
        ('drop_deliveries', 'service_role'),
        ('admin_live_sessions', 'authenticated'),
        ('admin_session_history', 'authenticated'),
        ('admin_session_details', 'authenticated'),
        ('admin_ended_sessions', 'authenticated'),
        ('admin_session_health', 'authenticated'),
        ('admin_revoke_session', 'authenticated'),
        ('admin_extend_interview', 'authenticated'),
        ('admin_reap_stale_sessions', 'authenticated'),
        ('admin_list_deliveries', 'authenticated'),
        ('admin_retry_deliveries', 'authenticated')
    ) as f (name, grantee) $$,
  'B8: five functions are for users, ten for operators, ten for administrators, none for anon or PUBLIC'
);

select bag_eq(
  $$ select a.grantee::regrole::text, a.privilege_type, a.is_grantable
    from pg_type t
    cross join aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) a
    where t.oid = 'public.interview_session_health'::regtype and a.grantee <> t.typowner $$,
  $$ values ('authenticated', 'USAGE', false), ('service_role', 'USAGE', false) $$,
  'B8: who may call a function of the health may use its row type'
);

select is_empty(
  $$ select t.oid::regtype
    from pg_type t
    where t.typnamespace = 'sessions'::regnamespace and t.typtype <> 'c' and t.typelem = 0 $$,
  'B8: there is no other type of our own'
);

select bag_eq(
  $$ select nspowner::regrole::text from pg_namespace where nspname = 'sessions'
    union
    select relowner::regrole::text from relations
    union
    select proowner::regrole::text from functions $$,
  array['postgres'],
  'B8: the role that applied the migrations owns everything'
);

select isnt_superuser('postgres', 'B8: it is no superuser');

select * from finish();
rollback;
