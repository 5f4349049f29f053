begin;
\ir ../helpers.psql
select plan(14);

-- given: a stale session
delete from public.active_interview_sessions where true;
delete from sessions.reaper_runs where true;
select pg_temp.create_user_with_session('ada', 'crashed', '6 minutes');

-- when, then
select pg_temp.act_as('service_role');

select throws_ok(call, '22023', message, description)
from (
  values
    ('select public.reap_stale_sessions(0)', 'batch_size must be from 1 to 10000.', 'B8: a batch size of 0 is refused'),
    ('select public.reap_stale_sessions(-1)', 'batch_size must be from 1 to 10000.', 'B8: so is a negative one'),
    ('select public.reap_stale_sessions(10001)', 'batch_size must be from 1 to 10000.', 'M12: so is one that is too large'),
    ('select public.reap_stale_sessions(2147483647)', 'batch_size must be from 1 to 10000.', 'M12: so is the largest integer'),
    ('select public.reap_stale_sessions(null)', 'batch_size must be from 1 to 10000.', 'B8: so is null'),
    ('select public.reap_stale_sessions(0, true)', 'batch_size must be from 1 to 10000.', 'B8: a batch size of 0 is refused in a dry run'),
    ('select public.reap_stale_sessions(null, true)', 'batch_size must be from 1 to 10000.', 'B8: so is null in a dry run'),
    ('select public.reap_stale_sessions(1, null)', 'dry_run must be true or false.', 'B8: a null dry_run is refused')
) as calls (call, message, description);

select is(detail, '{"argument": "batch_size"}', 'B8: the detail names batch_size')
from pg_temp.refusal_of('select public.reap_stale_sessions(0)');

select is(detail, '{"argument": "dry_run"}', 'B8: the detail names dry_run')
from pg_temp.refusal_of('select public.reap_stale_sessions(1, null)');

select pg_temp.clear_authentication();

select results_eq('select session_id from public.active_interview_sessions', $$ values ('crashed') $$, 'B8: nothing is reaped');
select is_empty('select id from sessions.reaper_runs', 'M14: none of them counts as a run');

select pg_temp.act_as('service_role');

select results_eq(
  'select session_id from public.reap_stale_sessions(1)', $$ values ('crashed') $$,
  'B8: the smallest batch size is 1'
);

select lives_ok('select public.reap_stale_sessions(10000)', 'M12: the largest is 10000');

select * from finish();
rollback;
