-- A SECURITY DEFINER function must not rely on grants alone: here everybody may execute it, as after a grant by mistake.
begin;
\ir ../helpers.psql
select plan(5);

-- given: a live session and a stale one, and EXECUTE for everybody
select
  pg_temp.create_user_with_session('ada', 'ada''s'),
  pg_temp.create_user_with_session('ben', 'ben''s', '6 minutes');
create temp table before as
select * from pg_temp.active_session('ada')
union all
select * from pg_temp.active_session('ben');

create role intruder;
grant intruder to postgres;
grant usage on schema sessions to public;
grant execute on all functions in schema sessions to public;

create temp table calls (name, call, refusal) as values
  ('start_session', $$ select sessions.start_session('ada''s', true) $$, 'PT401'),
  ('heartbeat_session', $$ select sessions.heartbeat_session('ada''s') $$, 'PT401'),
  ('complete_session', $$ select sessions.complete_session('ada''s') $$, 'PT401'),
  ('end_session', $$ select sessions.end_session('ada''s', 'cleared') $$, 'PT401'),
  ('holds_session', $$ select 1 / sessions.holds_session('ada''s')::integer $$, '22012'),
  ('user_holds_session', $$ select sessions.user_holds_session(pg_temp.user_id('ada'), 'ada''s') $$, '42501'),
  ('revoke_session', $$ select sessions.revoke_session(pg_temp.user_id('ada')) $$, '42501'),
  ('extend_interview', $$ select sessions.extend_interview(pg_temp.user_id('ada'), 'exam', '1 hour') $$, '42501'),
  ('reap_stale_sessions', $$ select sessions.reap_stale_sessions(10000) $$, '42501'),
  ('session_health', $$ select sessions.session_health() $$, '42501'),
  ('claim_deliveries', $$ select sessions.claim_deliveries() $$, '42501'),
  ('settle_deliveries', $$ select sessions.settle_deliveries('[]') $$, '42501'),
  ('list_deliveries', $$ select sessions.list_deliveries() $$, '42501'),
  ('retry_deliveries', $$ select sessions.retry_deliveries() $$, '42501'),
  ('drop_deliveries', $$ select sessions.drop_deliveries('meter') $$, '42501'),
  ('admin_live_sessions', $$ select sessions.admin_live_sessions() $$, '42501'),
  ('admin_session_history', $$ select sessions.admin_session_history() $$, '42501'),
  ('admin_session_details', $$ select sessions.admin_session_details(pg_temp.user_id('ada'), 'ada''s') $$, '42501'),
  ('admin_ended_sessions', $$ select sessions.admin_ended_sessions('2000-01-01') $$, '42501'),
  ('admin_session_health', $$ select sessions.admin_session_health() $$, '42501'),
  ('admin_revoke_session', $$ select sessions.admin_revoke_session(pg_temp.user_id('ada')) $$, '42501'),
  ('admin_extend_interview', $$ select sessions.admin_extend_interview(pg_temp.user_id('ada'), 'exam', '1 hour') $$, '42501'),
  ('admin_reap_stale_sessions', $$ select sessions.admin_reap_stale_sessions() $$, '42501'),
  ('admin_list_deliveries', $$ select sessions.admin_list_deliveries() $$, '42501'),
  ('admin_retry_deliveries', $$ select sessions.admin_retry_deliveries() $$, '42501');

select bag_eq(
  $$ select proname::text from pg_proc where prosecdef and pronamespace in ('sessions'::regnamespace, 'public'::regnamespace)
    and (pronamespace = 'sessions'::regnamespace or proname in (select name from calls)) $$,
  'select name from calls',
  'B8: every SECURITY DEFINER function is called here'
);

-- when, then: holds_session() answers false, so that the division fails
select is_empty(
  $$ select role_name, name, r.*
    from calls
    cross join unnest(array['intruder', 'anon', 'authenticated']) as role_name
    cross join pg_temp.refusal_of(call, role_name) r
    where r.code is distinct from calls.refusal $$,
  'B8: each refuses a caller without a user'
);

select is_empty(
  $$ select name, r.*
    from calls
    cross join pg_temp.refusal_of(call, 'intruder', '{"role": "service_role"}') r
    where r.code is distinct from calls.refusal $$,
  'B8: each refuses a caller whose claims name service_role'
);

select is_empty(
  $$ select name, r.*
    from calls
    cross join pg_temp.refusal_of(call, 'authenticated', jsonb_build_object('sub', pg_temp.user_id('cleo'))) r
    where r.code is distinct from calls.refusal $$,
  'B8: each refuses a user who does not exist'
);

select bag_eq(
  $$ select * from pg_temp.active_session('ada') union all select * from pg_temp.active_session('ben') $$,
  'select * from before',
  'B8: nothing has changed'
);

select * from finish();
rollback;
