-- A deleted user's access token stays valid for a while.
begin;
\ir ../helpers.psql
select plan(2);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first');
select pg_temp.clear_authentication();
delete from auth.users where id = pg_temp.user_id('ada');
select pg_temp.authenticate_as('ada');

select throws_ok(
  $$ select public.start_session('next') $$,
  'PT401',
  'You are not signed in.',
  'R23: a deleted user is not signed in; no foreign key error'
);

select throws_ok(
  $$ select public.start_session('first', takeover => true) $$,
  'PT401',
  'You are not signed in.',
  'R23: nor does the session that was deleted with the user come back'
);

select * from finish();
rollback;
