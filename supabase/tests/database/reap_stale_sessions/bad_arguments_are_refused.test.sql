begin;
select plan(11);

-- given: something that could be reaped
delete from public.active_interview_sessions where true;
delete from sessions.reaper_runs where true;
insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
values (
  'aaaaaaaa-0000-4000-8000-000000000001', 'crashed', 1,
  now() - interval '6 minutes', now() - interval '6 minutes', now() + interval '9 minutes', now() - interval '1 minute'
);

create function pg_temp.argument_refused(call text) returns text language plpgsql as $$
declare
  v_detail text;
begin
  execute call;
  return null;
exception
  when invalid_parameter_value then
    get stacked diagnostics v_detail = pg_exception_detail;
    return v_detail::jsonb ->> 'argument';
end
$$;

-- when, then
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
select throws_ok(call, '22023', message, description)
from (
  values
    ('select public.reap_stale_sessions(0)', 'batch_size must be at least 1.', 'B8: a batch of none is refused'),
    ('select public.reap_stale_sessions(-1)', 'batch_size must be at least 1.', 'B8: so is a negative one'),
    ('select public.reap_stale_sessions(null)', 'batch_size must be at least 1.', 'B8: so is an unknown one'),
    ('select public.reap_stale_sessions(0, true)', 'batch_size must be at least 1.', 'B8: also in a dry run'),
    ('select public.reap_stale_sessions(null, true)', 'batch_size must be at least 1.', 'B8: also an unknown one in a dry run'),
    ('select public.reap_stale_sessions(1, null)', 'dry_run must be true or false.', 'B8: it is not left open whether it is dry')
) as calls (call, message, description);
select is(pg_temp.argument_refused('select public.reap_stale_sessions(0)'), 'batch_size', 'B8: the detail says which argument');
select is(pg_temp.argument_refused('select public.reap_stale_sessions(1, null)'), 'dry_run', 'B8: the one or the other');

reset role;
select isnt_empty('select from public.active_interview_sessions', 'B8: nothing was reaped');
select is_empty('select from sessions.reaper_runs', 'M14: and none of it was a run');
set local role service_role;
select results_eq(
  'select session_id from public.reap_stale_sessions(1)', $$ values ('crashed') $$,
  'B8: one is the smallest batch'
);

reset role;
select * from finish();
rollback;
