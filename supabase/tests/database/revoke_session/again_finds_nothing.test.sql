begin;
\ir ../helpers.psql
select plan(2);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('held');

select pg_temp.act_as('service_role');
create temp table revoked as
select * from public.revoke_session(pg_temp.user_id('ada'), 'The first.');

select is_empty(
  $$ select * from public.revoke_session(pg_temp.user_id('ada'), 'The second.') $$,
  'B6: a second revoke finds no live session'
);

select pg_temp.clear_authentication();

select results_eq(
  $$ select * from pg_temp.history('ada') $$,
  'select * from revoked',
  'B6: the history has the first revoke'
);

select * from finish();
rollback;
