-- The functions in the schema sessions, called directly.
begin;
\ir ../helpers.psql
select plan(33);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table live as select * from public.start_session('ada''s');
select pg_temp.clear_authentication();

create temp table calls (name, call) as values
  ('start_session', $$ select sessions.start_session('ada''s', true) $$),
  ('heartbeat_session', $$ select sessions.heartbeat_session('ada''s') $$),
  ('complete_session', $$ select sessions.complete_session('ada''s') $$),
  ('end_session', $$ select sessions.end_session('ada''s', 'cleared') $$);
grant select on calls to public;

-- when, then
select pg_temp.act_as('authenticated');
set local request.jwt.claims to '';

select throws_ok(call, 'PT401', 'You are not signed in.', 'B8: without claims: ' || name) from calls;
select ok(not sessions.holds_session('ada''s'), 'B8: without claims: holds_session');

select pg_temp.act_as('authenticated');

select throws_ok(call, 'PT401', 'You are not signed in.', 'B8: without a user in the claims: ' || name) from calls;
select ok(not sessions.holds_session('ada''s'), 'B8: without a user in the claims: holds_session');

select pg_temp.act_as('authenticated', '{"sub": null}');

select throws_ok(call, 'PT401', 'You are not signed in.', 'B8: with a null user: ' || name) from calls;
select ok(not sessions.holds_session('ada''s'), 'B8: with a null user: holds_session');

select pg_temp.authenticate_as('nobody');

select throws_ok(call, 'PT401', 'You are not signed in.', 'B8: with a user who does not exist: ' || name) from calls;
select ok(not sessions.holds_session('ada''s'), 'B8: with a user who does not exist: holds_session');

select pg_temp.clear_authentication();

select throws_ok(call, 'PT401', 'You are not signed in.', 'B8: as the owner of the functions: ' || name) from calls;
select ok(not sessions.holds_session('ada''s'), 'B8: as the owner of the functions: holds_session');

select throws_ok(
  replace(call, 'sessions.', 'public.'), 'PT401', 'You are not signed in.',
  'B8: as the owner of the functions, through the API: ' || name
)
from calls;
select ok(not public.holds_session('ada''s'), 'B8: as the owner of the functions, through the API: holds_session');

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from live',
  'B8: the session is unchanged'
);

select is_empty($$ select session_id from pg_temp.history('ada') $$, 'B8: no session has ended');

select pg_temp.authenticate_as('ada');

select ok(sessions.holds_session('ada''s'), 'B8: Ada holds her session');

select * from finish();
rollback;
