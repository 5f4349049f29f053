begin;
\ir ../helpers.psql
select plan(5);

-- given: a live session, and no sequence for the fences
select pg_temp.create_user_with_session('ada', 'live');
create temp table before as select * from pg_temp.all_rows();
grant select on before to authenticated;

select throws_ok('drop sequence sessions.fence', '2BP01', null, 'B4: the history depends on it: it cannot be dropped');

alter sequence sessions.fence rename to lost;
select pg_temp.authenticate_as('ada');

-- when, then
select throws_ok(
  $$ select public.start_session('next', takeover => true) $$, '42P01', 'relation "sessions.fence" does not exist',
  'B4: a takeover fails, and names the cause'
);

select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'B4: the live session is not ended for it');

select is(session_id, 'live', 'B4: and goes on')
from public.heartbeat_session('live');

select pg_temp.clear_authentication();

select results_eq(
  'select status, reason from public.session_health()',
  $$ values ('critical', 'The health could not be determined: relation "sessions.fence" does not exist (42P01)') $$,
  'B2: the health is critical'
);

select * from finish();
rollback;
