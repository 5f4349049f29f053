-- The second check, behind the grants: EXECUTE has been granted by mistake.
begin;
\ir ../helpers.psql
select plan(22);

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
  sessions.user_holds_session, sessions.revoke_session, sessions.extend_interview, sessions.reap_stale_sessions,
  sessions.session_health
to intruder, deputy, authenticated, anon;

create temp table calls (name, call) as values
  ('user_holds_session', $$ select sessions.user_holds_session(pg_temp.user_id('ada'), 'ada''s') $$),
  ('extend_interview', $$ select sessions.extend_interview(pg_temp.user_id('ada'), 'exam', '1 hour') $$),
  ('revoke_session', $$ select sessions.revoke_session(pg_temp.user_id('ada')) $$),
  ('reap_stale_sessions', $$ select sessions.reap_stale_sessions(10000) $$),
  ('session_health', $$ select sessions.session_health() $$);

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
