begin;
\ir ../helpers.psql
select plan(3);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first');

select pg_temp.act_as('authenticated');

select throws_ok(
  $$ select public.complete_session('first') $$,
  'PT401',
  'You are not signed in.',
  'it is refused without a user'
);

set local request.jwt.claims to '';

select throws_ok(
  $$ select public.complete_session('first') $$,
  'PT401',
  'You are not signed in.',
  'it is refused without any claims'
);

select pg_temp.clear_authentication();
delete from auth.users where id = pg_temp.user_id('ada');
select pg_temp.authenticate_as('ada');

select throws_ok(
  $$ select public.complete_session('first') $$,
  'PT401',
  'You are not signed in.',
  'R23: it is refused to a deleted user'
);

select * from finish();
rollback;
