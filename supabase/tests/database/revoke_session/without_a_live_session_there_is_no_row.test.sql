begin;
\ir ../helpers.psql
select plan(4);

-- given: Ada's session has ended, Ben has had none, Cleo does not exist
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('ended');
select from public.end_session('ended', 'completed');
create temp table history as select * from pg_temp.history('ada');

-- when
select pg_temp.act_as('service_role');

select is_empty(
  $$ select * from public.revoke_session(pg_temp.user_id('ada'), 'Too late.') $$,
  'no row for a user whose session has ended'
);

select is_empty(
  $$ select * from public.revoke_session(pg_temp.user_id('ben')) $$,
  'nor for one who never had a session'
);

select is_empty(
  $$ select * from public.revoke_session(pg_temp.user_id('cleo')) $$,
  'nor for one who does not exist'
);

-- then
select pg_temp.clear_authentication();

select results_eq(
  $$ select * from pg_temp.history('ada') $$,
  'select * from history',
  'B6: the history is unchanged'
);

select * from finish();
rollback;
