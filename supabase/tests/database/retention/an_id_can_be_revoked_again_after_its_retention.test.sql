begin;
\ir ../helpers.psql
select plan(2);

-- given: a session that was revoked, and the same id live again after the retention
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('again');
select pg_temp.act_as('service_role');
select from public.revoke_session(pg_temp.user_id('ada'), 'The first.');
select pg_temp.authenticate_as('ada');
select pg_temp.let_time_pass('ada', '91 days');
select from public.start_session('again');

-- when
select pg_temp.act_as('service_role');
create temp table revoked as select * from public.revoke_session(pg_temp.user_id('ada'), 'The second.');

-- then
select is(session_id, 'again', 'M17: it can be revoked again')
from revoked;

select pg_temp.clear_authentication();

select bag_eq(
  $$ select note from sessions.revocations where user_id = pg_temp.user_id('ada') $$,
  array['The second.'],
  'M13: the record of the first was forgotten with its session'
);

select * from finish();
rollback;
