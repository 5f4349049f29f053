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
select results_eq(
  'select user_id, session_id, end_reason, ended_by, note from revoked',
  $$ values (pg_temp.user_id('ada'), 'held', 'revoked', pg_temp.user_id('ben'), null::text) $$,
  'M17: it was ended by Ben; the note is optional'
);

select * from finish();
rollback;
