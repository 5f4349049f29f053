-- The effect of the grants, including memberships and PUBLIC: for the API roles and for a role without grants.
begin;
\ir ../helpers.psql
select plan(22);

create role bystander;
grant bystander to postgres;

create temp view relations as
select c.oid, c.relnamespace::regnamespace || '.' || c.relname as name, c.relkind
from pg_class c
where (
    c.relnamespace = 'sessions'::regnamespace
    or c.relnamespace = 'public'::regnamespace and (c.relname like '%interview_session%' or c.relname = 'interviews')
  )
  and c.relkind in ('r', 'S');

create temp view functions as
select p.oid, p.pronamespace::regnamespace || '.' || p.proname as name
from pg_proc p
where p.pronamespace = 'sessions'::regnamespace
  or p.pronamespace = 'public'::regnamespace
    and p.proname in (select s.proname from pg_proc s where s.pronamespace = 'sessions'::regnamespace);

create function pg_temp.privileges_of(role_name name)
returns setof text
language sql
as $$
  select privilege || ' on ' || r.name
  from relations r
  cross join unnest(string_to_array('SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER', ',')) as privilege
  where r.relkind <> 'S'
    and (
      has_table_privilege(role_name, r.oid, privilege)
      or privilege in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
        and has_any_column_privilege(role_name, r.oid, privilege)
    )
  union all
  select privilege || ' on ' || r.name
  from relations r
  cross join unnest(string_to_array('USAGE,SELECT,UPDATE', ',')) as privilege
  where r.relkind = 'S' and has_sequence_privilege(role_name, r.oid, privilege)
  union all
  select 'EXECUTE on ' || f.name
  from functions f
  where has_function_privilege(role_name, f.oid, 'EXECUTE')
  union all
  select privilege || ' on schema sessions'
  from unnest(string_to_array('USAGE,CREATE', ',')) as privilege
  where has_schema_privilege(role_name, 'sessions', privilege);
$$;

select is_empty($$ select pg_temp.privileges_of('bystander') $$, 'B8: a role without grants has no privilege');
select is_empty($$ select pg_temp.privileges_of('anon') $$, 'B8: anon has no privilege');

select bag_eq(
  $$ select pg_temp.privileges_of('authenticated') $$,
  array[
    'SELECT on public.active_interview_sessions',
    'SELECT on public.interview_session_history',
    'SELECT on public.interviews',
    'USAGE on schema sessions',
    'EXECUTE on sessions.version',
    'EXECUTE on public.start_session',
    'EXECUTE on public.heartbeat_session',
    'EXECUTE on public.complete_session',
    'EXECUTE on public.end_session',
    'EXECUTE on public.holds_session',
    'EXECUTE on public.admin_live_sessions',
    'EXECUTE on public.admin_session_history',
    'EXECUTE on public.admin_session_details',
    'EXECUTE on public.admin_ended_sessions',
    'EXECUTE on public.admin_session_health',
    'EXECUTE on public.admin_extend_interview',
    'EXECUTE on public.admin_reap_stale_sessions',
    'EXECUTE on public.admin_revoke_session',
    'EXECUTE on public.admin_list_deliveries',
    'EXECUTE on public.admin_retry_deliveries',
    'EXECUTE on sessions.start_session',
    'EXECUTE on sessions.heartbeat_session',
    'EXECUTE on sessions.complete_session',
    'EXECUTE on sessions.end_session',
    'EXECUTE on sessions.holds_session',
    'EXECUTE on sessions.admin_live_sessions',
    'EXECUTE on sessions.admin_session_history',
    'EXECUTE on sessions.admin_session_details',
    'EXECUTE on sessions.admin_ended_sessions',
    'EXECUTE on sessions.admin_session_health',
    'EXECUTE on sessions.admin_extend_interview',
    'EXECUTE on sessions.admin_reap_stale_sessions',
    'EXECUTE on sessions.admin_revoke_session',
    'EXECUTE on sessions.admin_list_deliveries',
    'EXECUTE on sessions.admin_retry_deliveries'
  ],
  'B8: authenticated may read the three tables and call the functions for users and for administrators'
);

select bag_eq(
  $$ select pg_temp.privileges_of('service_role') $$,
  array[
    'SELECT on public.active_interview_sessions',
    'SELECT on public.interview_session_history',
    'SELECT on public.interviews',
    'USAGE on schema sessions',
    'EXECUTE on sessions.version',
    'EXECUTE on public.user_holds_session',
    'EXECUTE on public.revoke_session',
    'EXECUTE on public.extend_interview',
    'EXECUTE on public.reap_stale_sessions',
    'EXECUTE on public.session_health',
    'EXECUTE on public.claim_deliveries',
    'EXECUTE on public.settle_deliveries',
    'EXECUTE on public.list_deliveries',
    'EXECUTE on public.retry_deliveries',
    'EXECUTE on public.drop_deliveries',
    'EXECUTE on sessions.claim_deliveries',
    'EXECUTE on sessions.settle_deliveries',
    'EXECUTE on sessions.list_deliveries',
    'EXECUTE on sessions.retry_deliveries',
    'EXECUTE on sessions.drop_deliveries',
    'EXECUTE on sessions.user_holds_session',
    'EXECUTE on sessions.revoke_session',
    'EXECUTE on sessions.extend_interview',
    'EXECUTE on sessions.reap_stale_sessions',
    'EXECUTE on sessions.session_health'
  ],
  'B8: service_role may read the three tables and call the functions for operators'
);

-- The same by trying.
select is(refusal.message, answer, 'B8: ' || description)
from (
  values
    ('bystander', 'select public.session_health()', 'permission denied for function session_health', 'a role without grants may not call the API'),
    ('bystander', 'select sessions.session_health()', 'permission denied for schema sessions', 'nor use the schema sessions'),
    ('anon', 'select public.start_session(''a'')', 'permission denied for function start_session', 'anon may not call what is for users'),
    ('anon', 'select sessions.start_session(''a'')', 'permission denied for schema sessions', 'nor use the schema sessions'),
    ('anon', 'select public.admin_session_health()', 'permission denied for function admin_session_health', 'nor call what is for administrators'),
    ('service_role', 'select public.admin_session_health()', 'permission denied for function admin_session_health', 'service_role may not call what is for administrators'),
    ('authenticated', 'select public.session_health()', 'permission denied for function session_health', 'a user may not call what is for operators'),
    ('authenticated', 'select from sessions.settings', 'permission denied for table settings', 'nor read the settings'),
    ('authenticated', 'select nextval(''sessions.fence'')', 'permission denied for sequence fence', 'nor draw a fence'),
    ('authenticated', 'create table sessions.mine ()', 'permission denied for schema sessions', 'nor create a table in sessions'),
    ('service_role', 'select public.start_session(''a'')', 'permission denied for function start_session', 'service_role may not call what is for users'),
    ('service_role', 'update sessions.settings set lease = ''1 day'' where true', 'permission denied for table settings', 'nor change the settings'),
    ('service_role', 'select from sessions.reaper_runs', 'permission denied for table reaper_runs', 'nor read the reaper''s runs'),
    ('service_role', 'select from sessions.revocations', 'permission denied for table revocations', 'nor the record of revocations'),
    ('service_role', 'select from sessions.extensions', 'permission denied for table extensions', 'nor that of extensions'),
    ('service_role', 'select public.session_health()', null, 'service_role may call what is for operators')
) as calls (role_name, call, answer, description)
cross join pg_temp.refusal_of(call, role_name) refusal;

-- Every other function in sessions, called with nulls: the refusal comes before the call. A strict function is not
-- called for a null, so that it gets values.
create temp table internal_calls as
select
  p.oid::regprocedure as function,
  format(
    'select %s(%s)', p.oid::regproc,
    (select string_agg(case when p.proisstrict then '''1''::' else 'null::' end || format_type(t, null), ', ' order by n) from unnest(p.proargtypes) with ordinality x (t, n))
  ) as call
from pg_proc p
where p.pronamespace = 'sessions'::regnamespace
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
  and p.proname not in (select w.proname from pg_proc w where w.pronamespace = 'public'::regnamespace)
  and p.proname <> 'version';

select isnt_empty('select * from internal_calls', 'there are internal functions');

select is_empty(
  $$ select role_name, function, refusal.*
    from internal_calls
    cross join unnest(array['bystander', 'anon', 'authenticated', 'service_role']) as role_name
    cross join pg_temp.refusal_of(call, role_name) refusal
    where refusal.code is distinct from '42501' $$,
  'B8: no API role may call an internal function'
);

select * from finish();
rollback;
