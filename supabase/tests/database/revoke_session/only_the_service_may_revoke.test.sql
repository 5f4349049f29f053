begin;
select plan(7);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

select function_privs_are('public', 'revoke_session', array['uuid', 'text'], 'service_role', array['EXECUTE'], 'B8: service_role may');
select function_privs_are('public', 'revoke_session', array['uuid', 'text'], 'authenticated', array[]::text[], 'B8: authenticated may not');
select function_privs_are('public', 'revoke_session', array['uuid', 'text'], 'anon', array[]::text[], 'B8: anon may not');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table held as select * from public.start_session('held');

select throws_ok(
  $$ select public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001') $$,
  '42501',
  'permission denied for function revoke_session',
  'B8: a user is refused, for their own session too'
);

set local role anon;
set local request.jwt.claims to '{"role": "anon"}';

select throws_ok(
  $$ select public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001') $$,
  '42501',
  'permission denied for function revoke_session',
  'B8: anon is refused'
);

reset role;

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from held',
  'B8: the session lives, untouched'
);

set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';

select is(session_id, 'held', 'B8: service_role ends it')
from public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001');

select * from finish();
rollback;
