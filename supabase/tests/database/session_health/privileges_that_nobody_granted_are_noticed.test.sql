-- A restore into a project whose default privileges give the API roles everything on new tables.
begin;
\ir ../helpers.psql
select plan(39);

-- given
delete from public.active_interview_sessions where true;
select from public.reap_stale_sessions();

select is((select status from public.session_health()), 'ok', 'B8: what the migrations grant is no alarm');

-- when, then: each is granted, looked at, and revoked
create function pg_temp.status_with(granted text, role_name text)
returns text
language plpgsql
as $$
declare
  v_health public.interview_session_health;
begin
  execute format('grant %s to %I', granted, role_name);
  select * into v_health from public.session_health();
  execute format('revoke %s from %I', granted, role_name);
  return v_health.status || ': ' || v_health.reason;
end
$$;

select is(
  pg_temp.status_with(format('%s on %s %s', privilege, kind, name), role_name),
  format(
    'critical: API roles have privileges that the migrations do not grant: %s on %s. Apply the migrations again.',
    role_name, name
  ),
  format('B8: %s on %s for %s', privilege, name, role_name)
)
from (
  values
    ('anon', 'truncate', 'table', 'public.active_interview_sessions'),
    ('anon', 'truncate', 'table', 'public.interview_session_history'),
    ('anon', 'truncate', 'table', 'public.interviews'),
    ('anon', 'select', 'table', 'public.active_interview_sessions'),
    ('anon', 'select', 'table', 'public.interview_session_history'),
    ('anon', 'select', 'table', 'public.interviews'),
    ('authenticated', 'insert', 'table', 'public.active_interview_sessions'),
    ('authenticated', 'update', 'table', 'public.interviews'),
    ('authenticated', 'delete', 'table', 'public.interview_session_history'),
    ('authenticated', 'references', 'table', 'public.interviews'),
    ('authenticated', 'trigger', 'table', 'public.interviews'),
    ('authenticated', 'select', 'table', 'sessions.settings'),
    ('authenticated', 'select', 'table', 'sessions.revocations'),
    ('authenticated', 'select', 'table', 'sessions.extensions'),
    ('authenticated', 'select', 'table', 'sessions.early_ends'),
    ('authenticated', 'select', 'table', 'sessions.reaper_runs'),
    ('authenticated', 'usage', 'sequence', 'sessions.fence'),
    ('service_role', 'update', 'table', 'sessions.settings'),
    ('service_role', 'select', 'table', 'sessions.revocations'),
    ('service_role', 'update', 'sequence', 'sessions.fence'),
    ('service_role', 'delete', 'table', 'public.active_interview_sessions'),
    ('authenticated', 'select', 'table', 'sessions.reap_failures'),
    ('authenticated', 'insert (user_id)', 'table', 'public.interviews'),
    ('authenticated', 'update (expires_at)', 'table', 'public.active_interview_sessions'),
    ('anon', 'select (session_id)', 'table', 'public.active_interview_sessions'),
    ('service_role', 'select (note)', 'table', 'sessions.revocations'),
    ('anon', 'execute', 'function', 'public.start_session(text,boolean,text,text)'),
    ('anon', 'execute', 'function', 'public.session_health()'),
    ('authenticated', 'execute', 'function', 'sessions.revoke(uuid,text,text,text)'),
    ('service_role', 'execute', 'function', 'sessions.lift_fence()'),
    ('authenticated', 'execute', 'function', 'sessions.session_health()'),
    ('authenticated', 'execute', 'function', 'public.revoke_session(uuid,text,text)'),
    ('service_role', 'execute', 'function', 'public.start_session(text,boolean,text,text)')
) as given (role_name, privilege, kind, name);

select is(
  pg_temp.status_with(format('%s on schema sessions', privilege), role_name),
  format(
    'critical: API roles have privileges that the migrations do not grant: %s on schema sessions. Apply the migrations again.', role_name
  ),
  format('B8: %s on the schema for %s', privilege, role_name)
)
from (values ('anon', 'usage'), ('authenticated', 'create'), ('service_role', 'create')) as given (role_name, privilege);

-- when: everything, as by open default privileges
grant all on table public.active_interview_sessions, public.interview_session_history to anon, authenticated, service_role;

-- then
select is(
  (select reason from public.session_health()),
  'API roles have privileges that the migrations do not grant: '
  || 'anon on public.active_interview_sessions, anon on public.interview_session_history, '
  || 'authenticated on public.active_interview_sessions, authenticated on public.interview_session_history, '
  || 'service_role on public.active_interview_sessions, service_role on public.interview_session_history. '
  || 'Apply the migrations again.',
  'B8: the reason names each role and table'
);

-- when: to everybody
revoke all on table public.active_interview_sessions, public.interview_session_history from anon, authenticated, service_role;
grant update on table public.interviews to public;

-- then
select is(
  (select reason from public.session_health()),
  'API roles have privileges that the migrations do not grant: '
  || 'anon on public.interviews, authenticated on public.interviews, service_role on public.interviews. '
  || 'Apply the migrations again.',
  'B8: a grant to PUBLIC is one to each'
);

select * from finish();
rollback;
