-- A project that grants everything again is held by the second check, inside the function.
begin;
select plan(3);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

grant execute on function public.revoke_session(uuid, text), sessions.revoke_session(uuid, text) to authenticated;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table held as select * from public.start_session('held');

select throws_ok(
  $$ select public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001') $$,
  '42501',
  'The role authenticated may not operate interview sessions.',
  'B8: a user is refused'
);

-- a claim is no role
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "service_role"}';

select throws_ok(
  $$ select public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001') $$,
  '42501',
  'The role authenticated may not operate interview sessions.',
  'B8: whatever role the claims name'
);

reset role;

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from held',
  'B8: the session lives, untouched'
);

select * from finish();
rollback;
