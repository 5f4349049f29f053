begin;
select plan(6);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

select function_privs_are('public', 'start_session', array['text', 'boolean', 'text'], 'authenticated', array['EXECUTE'], 'B8: authenticated may');
select function_privs_are('public', 'start_session', array['text', 'boolean', 'text'], 'anon', array[]::text[], 'B8: anon may not');
select function_privs_are('public', 'start_session', array['text', 'boolean', 'text'], 'service_role', array[]::text[], 'B8: service_role may not');

set local role anon;
set local request.jwt.claims to '{"role": "anon"}';

select throws_ok(
  $$ select public.start_session('first') $$,
  '42501',
  'permission denied for function start_session',
  'B8: anon is refused'
);

set local role service_role;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "service_role"}';

select throws_ok(
  $$ select public.start_session('first') $$,
  '42501',
  'permission denied for function start_session',
  'B8: service_role is refused, in the name of a user too'
);

reset role;

select is_empty(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'B8: nothing was granted'
);

select * from finish();
rollback;
