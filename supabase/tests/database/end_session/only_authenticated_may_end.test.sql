begin;
select plan(6);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

select function_privs_are('public', 'end_session', array['text', 'text'], 'authenticated', array['EXECUTE'], 'B8: authenticated may');
select function_privs_are('public', 'end_session', array['text', 'text'], 'anon', array[]::text[], 'B8: anon may not');
select function_privs_are('public', 'end_session', array['text', 'text'], 'service_role', array[]::text[], 'B8: service_role may not');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table held as select * from public.start_session('held');

set local role anon;
set local request.jwt.claims to '{"role": "anon"}';

select throws_ok(
  $$ select public.end_session('held') $$,
  '42501',
  'permission denied for function end_session',
  'B8: anon is refused'
);

set local role service_role;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "service_role"}';

select throws_ok(
  $$ select public.end_session('held') $$,
  '42501',
  'permission denied for function end_session',
  'B8: service_role is refused, in the name of a user too'
);

reset role;

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from held',
  'B8: the session lives'
);

select * from finish();
rollback;
