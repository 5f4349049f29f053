begin;
\ir ../helpers.psql
select plan(3);

-- given: Ada has never had a session, Ben's lease has run out
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ben');
select from public.start_session('stale');
select pg_temp.age_session('ben', '6 minutes');

-- when
select pg_temp.authenticate_as('ada');
create temp table of_ada as select * from public.start_session('first', takeover => true);

select pg_temp.authenticate_as('ben');
create temp table of_ben as select * from public.start_session('next', takeover => true);

-- then
select results_eq(
  'select session_id, status, previous_session_id from of_ada',
  $$ values ('first', 'active', null::text) $$,
  'M6: without a session it is granted and takes over none'
);

select results_eq(
  'select session_id, status, previous_session_id from of_ben',
  $$ values ('next', 'active', null::text) $$,
  'B1: a stale session cannot be taken over'
);

select results_eq(
  $$ select session_id, end_reason from pg_temp.history('ben') $$,
  $$ values ('stale', 'expired') $$,
  'B1: it has expired'
);

select * from finish();
rollback;
