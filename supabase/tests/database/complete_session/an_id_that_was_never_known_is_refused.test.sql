-- To its caller another user's session is one that was never known.
begin;
select plan(3);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table of_ada as select * from public.start_session('ada''s');

-- when
set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

select throws_ok(
  $$ select public.complete_session('never known') $$,
  'PT410',
  'There is no such interview.',
  'a session that never was'
);

select throws_ok(
  $$ select public.complete_session('ada''s') $$,
  'PT410',
  'There is no such interview.',
  'R33: another user''s session'
);

-- then
reset role;

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from of_ada',
  'M8: hers is as it was, active'
);

select * from finish();
rollback;
