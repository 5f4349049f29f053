-- The function itself checks its caller, in case a project grants everything again.
begin;
\ir ../helpers.psql
select plan(3);

select pg_temp.create_users('ada');
grant execute on function public.revoke_session, sessions.revoke_session to authenticated;
select pg_temp.authenticate_as('ada');
create temp table held as select * from public.start_session('held');

select throws_ok(
  $$ select public.revoke_session(pg_temp.user_id('ada')) $$,
  '42501',
  'The role authenticated may not operate interview sessions.',
  'B8: a user is refused'
);

select pg_temp.authenticate_as('ada', '{"role": "service_role"}');

select throws_ok(
  $$ select public.revoke_session(pg_temp.user_id('ada')) $$,
  '42501',
  'The role authenticated may not operate interview sessions.',
  'B8: even if the claims name service_role'
);

select pg_temp.clear_authentication();

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from held',
  'B8: the session is unchanged'
);

select * from finish();
rollback;
