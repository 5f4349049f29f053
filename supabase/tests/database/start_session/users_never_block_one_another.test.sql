begin;
\ir ../helpers.psql
select plan(5);

-- given: Ada has an ended and a live session
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('ended');
select from public.end_session('ended');
create temp table of_ada as select * from public.start_session('same');

-- when
select pg_temp.authenticate_as('ben');

select is(session_id, 'ended', 'M8: an id that has ended for Ada is new for Ben')
from public.start_session('ended');

select is(previous_session_id, 'ended', 'M8: a takeover takes over the caller''s own session')
from public.start_session('same', takeover => true);

-- then
select results_eq(
  $$ select session_id from pg_temp.active_session('ben') $$,
  $$ values ('same') $$,
  'M8: Ben''s session is live beside Ada''s, with the same id'
);

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from of_ada',
  'M8: Ada''s session is unchanged'
);

select results_eq(
  $$ select session_id, end_reason from pg_temp.history('ada')
    union all
    select session_id, end_reason from pg_temp.history('ben') $$,
  $$ values ('ended', 'disconnected'), ('ended', 'taken_over') $$,
  'M8: each has a history of their own'
);

select * from finish();
rollback;
