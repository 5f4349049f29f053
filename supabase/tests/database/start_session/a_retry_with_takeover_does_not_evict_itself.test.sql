begin;
\ir ../helpers.psql
select plan(2);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first', takeover => true);

-- when
create temp table retried as select * from public.start_session('first', takeover => true);

-- then
select results_eq(
  'select session_id, fence, created_at, previous_session_id from retried',
  'select session_id, fence, created_at, previous_session_id from granted',
  'R4: it is the session already granted'
);

select is_empty(
  $$ select * from pg_temp.history('ada') $$,
  'R4: nothing was taken over'
);

select * from finish();
rollback;
