-- The second check, behind the grants: EXECUTE has been granted by mistake.
begin;
\ir ../helpers.psql
select plan(30);

-- given: a live session, a stale one, and the grants
select
  pg_temp.create_user_with_session('ada', 'ada''s'),
  pg_temp.create_user_with_session('ben', 'ben''s', '6 minutes');
create temp table before as
select * from pg_temp.active_session('ada')
union all
select * from pg_temp.active_session('ben');

create role intruder;
create role deputy in role service_role;
grant intruder, deputy to postgres;
grant usage on schema sessions to intruder, anon;
grant execute on function
  sessions.revoke_session, sessions.reap_stale_sessions, sessions.session_health,
  sessions.admin_live_sessions, sessions.admin_ended_sessions, sessions.admin_session_health, sessions.admin_revoke_session
to intruder, deputy, authenticated, anon;

create temp table calls (name, call) as values
  ('revoke_session', $$ select sessions.revoke_session(pg_temp.user_id('ada')) $$),
  ('reap_stale_sessions', $$ select sessions.reap_stale_sessions(100000) $$),
  ('session_health', $$ select sessions.session_health() $$),
  ('admin_live_sessions', $$ select sessions.admin_live_sessions() $$),
  ('admin_ended_sessions', $$ select sessions.admin_ended_sessions('2000-01-01') $$),
  ('admin_session_health', $$ select sessions.admin_session_health() $$),
  ('admin_revoke_session', $$ select sessions.admin_revoke_session(pg_temp.user_id('ada')) $$);

-- when, then: the claims name service_role
select is(
  refusal.message,
  format('The role %s may not operate interview sessions.', role_name),
  format('B8: %s refuses %s', name, role_name)
)
from calls
cross join unnest(array['intruder', 'authenticated', 'anon']) as role_name
cross join pg_temp.refusal_of(
  call, role_name, jsonb_build_object('sub', pg_temp.user_id('ada'), 'role', 'service_role')
) refusal;

select bag_eq(
  $$ select * from pg_temp.active_session('ada') union all select * from pg_temp.active_session('ben') $$,
  'select * from before',
  'B8: nothing has changed'
);

-- when, then: a member of service_role has its rights
select is(refusal.message, null, format('B8: %s does not refuse a member of service_role', name))
from calls
cross join pg_temp.refusal_of(call, 'deputy') refusal;

select is_empty(
  $$ select session_id from pg_temp.active_session('ada') union all select session_id from pg_temp.active_session('ben') $$,
  'B8: both sessions have ended'
);

select * from finish();
rollback;
