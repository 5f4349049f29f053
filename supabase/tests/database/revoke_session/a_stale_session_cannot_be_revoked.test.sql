-- The revoke comes after the lease has run out, and the reaper has not run.
begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('stale');
select pg_temp.age_session('ada', '5 minutes');
create temp table stale as select * from pg_temp.active_session('ada');

-- when
select pg_temp.act_as('service_role');

select is_empty(
  $$ select * from public.revoke_session(pg_temp.user_id('ada'), 'Too late.') $$,
  'B1: there is no live session to end'
);

-- then
select pg_temp.authenticate_as('ada');
select from public.start_session('next');

select results_eq(
  $$ select session_id, end_reason, ended_at from pg_temp.history('ada') $$,
  $$ select session_id, 'expired', expires_at from stale $$,
  'B1: the session expired when its lease ran out; it was not revoked'
);

select pg_temp.clear_authentication();

select is_empty(
  $$ select from sessions.revocations where user_id = pg_temp.user_id('ada') $$,
  'B1: nor does a record say so'
);

select * from finish();
rollback;
