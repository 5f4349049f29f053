-- What comes of the grants, memberships and PUBLIC counted in: for the three API roles, and for a role with no grants.
begin;
select plan(20);

create role bystander;

create temp view relations as
select c.oid, c.relnamespace::regnamespace || '.' || c.relname as name, c.relkind
from pg_class c
where (
    c.relnamespace = 'sessions'::regnamespace
    or c.relnamespace = 'public'::regnamespace and c.relname like '%interview_session%'
  )
  and c.relkind not in ('i', 'I');

create temp view functions as
select p.oid, p.pronamespace::regnamespace || '.' || p.proname as name
from pg_proc p
where p.pronamespace = 'sessions'::regnamespace
  or p.pronamespace = 'public'::regnamespace
    and p.proname in (select s.proname from pg_proc s where s.pronamespace = 'sessions'::regnamespace);

create function pg_temp.may(who name) returns setof text language sql as $$
  select privilege || ' on ' || r.name
  from relations r
  cross join unnest(string_to_array('SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER', ',')) as privilege
  where r.relkind <> 'S'
    and (
      has_table_privilege(who, r.oid, privilege)
      or privilege in ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') and has_any_column_privilege(who, r.oid, privilege)
    )
  union all
  select privilege || ' on ' || r.name
  from relations r
  cross join unnest(string_to_array('USAGE,SELECT,UPDATE', ',')) as privilege
  where r.relkind = 'S' and has_sequence_privilege(who, r.oid, privilege)
  union all
  select 'EXECUTE on ' || f.name
  from functions f
  where has_function_privilege(who, f.oid, 'EXECUTE')
  union all
  select privilege || ' on schema sessions'
  from unnest(string_to_array('USAGE,CREATE', ',')) as privilege
  where has_schema_privilege(who, 'sessions', privilege)
$$;

select is_empty($$ select pg_temp.may('bystander') $$, 'B8: a role with no grants may do nothing');
select is_empty($$ select pg_temp.may('anon') $$, 'B8: anon may do nothing');
select bag_eq(
  $$ select pg_temp.may('authenticated') $$,
  $$
    values
      ('SELECT on public.active_interview_sessions'),
      ('SELECT on public.interview_session_history'),
      ('USAGE on schema sessions'),
      ('EXECUTE on public.start_session'),
      ('EXECUTE on public.heartbeat_session'),
      ('EXECUTE on public.complete_session'),
      ('EXECUTE on public.end_session'),
      ('EXECUTE on public.holds_session'),
      ('EXECUTE on public.admin_live_sessions'),
      ('EXECUTE on public.admin_ended_sessions'),
      ('EXECUTE on public.admin_session_health'),
      ('EXECUTE on public.admin_revoke_session'),
      ('EXECUTE on sessions.start_session'),
      ('EXECUTE on sessions.heartbeat_session'),
      ('EXECUTE on sessions.complete_session'),
      ('EXECUTE on sessions.end_session'),
      ('EXECUTE on sessions.holds_session'),
      ('EXECUTE on sessions.admin_live_sessions'),
      ('EXECUTE on sessions.admin_ended_sessions'),
      ('EXECUTE on sessions.admin_session_health'),
      ('EXECUTE on sessions.admin_revoke_session')
  $$,
  'B8: a user may read the two tables and call what is for users, and what then asks whether they are an administrator'
);
select bag_eq(
  $$ select pg_temp.may('service_role') $$,
  $$
    values
      ('USAGE on schema sessions'),
      ('EXECUTE on public.revoke_session'),
      ('EXECUTE on public.reap_stale_sessions'),
      ('EXECUTE on public.session_health'),
      ('EXECUTE on sessions.revoke_session'),
      ('EXECUTE on sessions.reap_stale_sessions'),
      ('EXECUTE on sessions.session_health')
  $$,
  'B8: the secret key may call what is for operators, and read no table'
);

-- The same as it is met.
grant bystander to postgres;

create function pg_temp.answer_to(who text, call text) returns text language plpgsql as $$
begin
  perform set_config('role', who, true);
  execute call;
  perform set_config('role', 'none', true);
  return 'no refusal';
exception
  when insufficient_privilege then
    return sqlerrm;
end
$$;

select is(pg_temp.answer_to(who, call), answer, description)
from (
  values
    ('bystander', 'select public.session_health()', 'permission denied for function session_health', 'B8: the bystander is refused'),
    ('bystander', 'select sessions.session_health()', 'permission denied for schema sessions', 'B8: and sees nothing of the schema sessions'),
    ('anon', 'select public.start_session(''a'')', 'permission denied for function start_session', 'B8: anon is refused'),
    ('anon', 'select sessions.start_session(''a'')', 'permission denied for schema sessions', 'B8: and sees nothing of the schema sessions'),
    ('anon', 'select public.admin_session_health()', 'permission denied for function admin_session_health', 'B8: and what is for administrators'),
    ('service_role', 'select public.admin_session_health()', 'permission denied for function admin_session_health', 'B8: the secret key has its own'),
    ('authenticated', 'select public.session_health()', 'permission denied for function session_health', 'B8: a user is refused what is for operators'),
    ('authenticated', 'select sessions.caller()', 'permission denied for function caller', 'B8: and what only the functions call'),
    ('authenticated', 'select from sessions.settings', 'permission denied for table settings', 'B8: and the settings'),
    ('authenticated', 'select nextval(''sessions.fence'')', 'permission denied for sequence fence', 'B8: and the fences'),
    ('authenticated', 'create table sessions.mine ()', 'permission denied for schema sessions', 'B8: and to put anything beside them'),
    ('service_role', 'select public.start_session(''a'')', 'permission denied for function start_session', 'B8: the secret key is refused what is for users'),
    ('service_role', 'select sessions.reap_batch(1, now())', 'permission denied for function reap_batch', 'B8: and what only the functions call'),
    ('service_role', 'update sessions.settings set lease = ''1 day'' where true', 'permission denied for table settings', 'B8: and the settings'),
    ('service_role', 'select from sessions.reaper_runs', 'permission denied for table reaper_runs', 'B8: and the reaper''s log'),
    ('service_role', 'select public.session_health()', 'no refusal', 'B8: but not what is for operators')
) as calls (who, call, answer, description);

select * from finish();
rollback;
