begin;
\ir ../helpers.psql
select plan(7);

-- given: a stale session
delete from public.active_interview_sessions where true;
delete from sessions.reaper_runs where true;
select pg_temp.create_user_with_session('ada', 'crashed', '6 minutes');

-- when, then
select pg_temp.act_as('anon');

select throws_ok(
  'select public.reap_stale_sessions()', '42501', 'permission denied for function reap_stale_sessions',
  'B8: anon is refused'
);

select pg_temp.authenticate_as('ada');

select throws_ok(
  call, '42501', 'permission denied for function reap_stale_sessions',
  'B8: a user is refused: ' || call
)
from (
  values
    ('select public.reap_stale_sessions()'),
    ('select public.reap_stale_sessions(1, true)'),
    ('select sessions.reap_stale_sessions()')
) as calls (call);

select pg_temp.clear_authentication();

select is_empty('select id from sessions.reaper_runs', 'B8: none of them counts as a run');

select pg_temp.act_as('service_role');

select results_eq(
  'select session_id from public.reap_stale_sessions(dry_run => true)', $$ values ('crashed') $$,
  'B8: service_role may call it'
);

select pg_temp.clear_authentication();

select results_eq(
  'select session_id from public.reap_stale_sessions()', $$ values ('crashed') $$,
  'M14: postgres may call it'
);

select * from finish();
rollback;
