begin;
\ir ../helpers.psql
select plan(1);

-- given
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('held');

-- when: the service acts for Ben
select pg_temp.act_as('service_role', jsonb_build_object('sub', pg_temp.user_id('ben')));
create temp table revoked as
select * from public.revoke_session(pg_temp.user_id('ada'));

-- then
select pg_temp.clear_authentication();

select results_eq(
  $$ select session_id, revoked_at, revoked_by, role, note from sessions.revocations where user_id = pg_temp.user_id('ada') $$,
  $$ select session_id, ended_at, pg_temp.user_id('ben'), 'service_role', null::text from revoked $$,
  'M17: the record says that service_role revoked it for Ben; the note is optional'
);

select * from finish();
rollback;
