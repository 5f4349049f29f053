-- The functions in the schema sessions, called directly: no wrapper and no grant stands before them.
begin;
select plan(30);

-- given: a session that somebody could get at
insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
create temp table live as select * from public.start_session('ada''s');
reset role;

create temp table calls (name, call) as values
  ('start', $$ select sessions.start_session('ada''s', true) $$),
  ('heartbeat', $$ select sessions.heartbeat_session('ada''s') $$),
  ('complete', $$ select sessions.complete_session('ada''s') $$),
  ('end', $$ select sessions.end_session('ada''s', 'cleared') $$);
grant select on calls to public;

-- when, then
set local role authenticated;
set local request.jwt.claims to '';
select throws_ok(call, 'PT401', 'You are not signed in.', 'B8: without any claims: ' || name) from calls;
select ok(not sessions.holds_session('ada''s'), 'B8: without any claims nobody holds it');

set local request.jwt.claims to '{"role": "authenticated"}';
select throws_ok(call, 'PT401', 'You are not signed in.', 'B8: with claims that name no user: ' || name) from calls;
select ok(not sessions.holds_session('ada''s'), 'B8: with claims that name no user nobody holds it');

set local request.jwt.claims to '{"sub": null, "role": "authenticated"}';
select throws_ok(call, 'PT401', 'You are not signed in.', 'B8: with claims that name null: ' || name) from calls;
select ok(not sessions.holds_session('ada''s'), 'B8: with claims that name null nobody holds it');

set local request.jwt.claims to '{"sub": "99999999-0000-4000-8000-000000000009", "role": "authenticated"}';
select throws_ok(call, 'PT401', 'You are not signed in.', 'B8: with the claims of a user who is no more: ' || name) from calls;
select ok(not sessions.holds_session('ada''s'), 'B8: a user who is no more does not hold it');

-- Not even who owns the functions is taken for somebody.
reset role;
set local request.jwt.claims to '';
select throws_ok(call, 'PT401', 'You are not signed in.', 'B8: as postgres: ' || name) from calls;
select ok(not sessions.holds_session('ada''s'), 'B8: postgres does not hold it');
select throws_ok('select sessions.caller()', 'PT401', 'You are not signed in.', 'B8: there is no caller to be had');
select throws_ok('select sessions.held_caller()', 'PT401', 'You are not signed in.', 'B8: nor one to be held');

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from live',
  'B8: the session is as it was'
);
select is_empty(
  $$ select from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'B8: and has not ended'
);
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
select ok(sessions.holds_session('ada''s'), 'B8: Ada holds it');

reset role;
select * from finish();
rollback;
