-- As postgres, without SET ROLE and without claims.
begin;
\ir ../helpers.psql
select plan(2);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('held');
select pg_temp.clear_authentication();

-- when
create temp table revoked as
select * from public.revoke_session(pg_temp.user_id('ada'), 'By hand.');

-- then
select results_eq(
  'select session_id, end_reason from revoked',
  $$ values ('held', 'revoked') $$,
  'M17: the session is revoked'
);

select results_eq(
  $$ select session_id, revoked_by, role, note from sessions.revocations where user_id = pg_temp.user_id('ada') $$,
  $$ values ('held', null::uuid, 'postgres', 'By hand.') $$,
  'M17: by postgres, for no user'
);

select * from finish();
rollback;
