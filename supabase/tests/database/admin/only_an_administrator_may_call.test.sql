-- The claim app_metadata.session_admin must be the JSON value true; anything similar is refused.
begin;
\ir ../helpers.psql
select plan(93);

-- given: a live session that could be revoked
select pg_temp.create_users('ada', 'eve');
select pg_temp.authenticate_as('ada');
create temp table live as select * from public.start_session('ada''s');
select pg_temp.clear_authentication();

create temp table calls (name, call) as values
  ('live', $$ select public.admin_live_sessions() $$),
  ('history', $$ select public.admin_session_history() $$),
  ('details', $$ select public.admin_session_details(pg_temp.user_id('ada'), 'ada''s') $$),
  ('ended', $$ select public.admin_ended_sessions(now() - interval '1 hour') $$),
  ('health', $$ select public.admin_session_health() $$),
  ('extend', $$ select public.admin_extend_interview(pg_temp.user_id('ada'), 'exam', '1 minute') $$),
  ('clean up', $$ select public.admin_reap_stale_sessions() $$),
  ('deliveries', $$ select public.admin_list_deliveries() $$),
  ('retry', $$ select public.admin_retry_deliveries() $$),
  ('revoke', $$ select public.admin_revoke_session(pg_temp.user_id('ada')) $$);
grant select on calls to public;

create temp table others (what, claims) as values
  ('no metadata', '{}'),
  ('other metadata', '{"app_metadata": {"provider": "email"}}'),
  ('the text "true"', '{"app_metadata": {"session_admin": "true"}}'),
  ('the number 1', '{"app_metadata": {"session_admin": 1}}'),
  ('null', '{"app_metadata": {"session_admin": null}}'),
  ('false', '{"app_metadata": {"session_admin": false}}'),
  ('user_metadata', '{"user_metadata": {"session_admin": true}}'),
  ('the claim at the top level', '{"session_admin": true}');

-- when, then
select is(
  refusal.code || ' ' || refusal.message,
  '42501 You are not an administrator of interview sessions.',
  format('M17: a user with %s is refused: %s', what, name)
)
from others
cross join calls
cross join pg_temp.refusal_of(call, 'authenticated', jsonb_build_object('sub', pg_temp.user_id('eve')) || claims::jsonb) refusal;

select is(
  code || ' ' || message,
  '42501 permission denied for function admin_session_health',
  'B8: anon is no administrator, even with the claim'
)
from pg_temp.refusal_of('select public.admin_session_health()', 'anon', '{"app_metadata": {"session_admin": true}}');

select is(
  code || ' ' || message,
  '42501 permission denied for function admin_session_health',
  'B8: service_role is refused; it has session_health()'
)
from pg_temp.refusal_of('select public.admin_session_health()', 'service_role');

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from live',
  'M17: the session is unchanged'
);

select pg_temp.authenticate_as('eve', '{"app_metadata": {"session_admin": true}}');

select lives_ok(call, 'M17: an administrator is not refused: ' || name)
from calls;

select * from finish();
rollback;
