-- A tab that has lost its session sends two ends.
begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('zombie');
create temp table successor as select * from public.start_session('successor', takeover => true);

-- when
create temp table answers as
select * from public.end_session('zombie', 'disconnected')
union all
select * from public.end_session('zombie', 'completed');

-- then
select results_eq(
  'select session_id, end_reason from answers',
  $$ values ('zombie', 'taken_over'), ('zombie', 'taken_over') $$,
  'R12: each answer says that it was taken over'
);

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from successor',
  'B4: the successor is unchanged'
);

select is(fence, (select fence from successor), 'B4: the successor goes on')
from public.heartbeat_session('successor');

select * from finish();
rollback;
