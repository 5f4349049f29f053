begin;
select plan(7);

-- given: something that could be reaped
delete from public.active_interview_sessions where true;
delete from sessions.reaper_runs where true;
insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
values (
  'aaaaaaaa-0000-4000-8000-000000000001', 'crashed', 1,
  now() - interval '6 minutes', now() - interval '6 minutes', now() + interval '9 minutes', now() - interval '1 minute'
);

-- when, then
set local role anon;
set local request.jwt.claims to '{"role": "anon"}';
select throws_ok('select public.reap_stale_sessions()', '42501', 'permission denied for function reap_stale_sessions', 'B8: anon may not');
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
select throws_ok('select public.reap_stale_sessions()', '42501', 'permission denied for function reap_stale_sessions', 'B8: a user may not');
select throws_ok('select public.reap_stale_sessions(1, true)', '42501', 'permission denied for function reap_stale_sessions', 'B8: not even look');
select throws_ok('select sessions.reap_stale_sessions()', '42501', 'permission denied for function reap_stale_sessions', 'B8: nor go round the API');
reset role;
select is_empty('select from sessions.reaper_runs', 'B8: none of these was a run');

set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
select results_eq('select session_id from public.reap_stale_sessions(dry_run => true)', $$ values ('crashed') $$, 'B8: the secret key may');
reset role;
select results_eq('select session_id from public.reap_stale_sessions()', $$ values ('crashed') $$, 'M14: postgres may');

select * from finish();
rollback;
