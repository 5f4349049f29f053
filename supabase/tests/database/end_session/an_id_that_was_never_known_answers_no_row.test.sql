begin;
select plan(5);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table held as select * from public.start_session('held');

-- when
select is_empty(
  $$ select * from public.end_session('never known', 'completed') $$,
  'B6: there is nothing to say of it'
);

-- then
reset role;

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from held',
  'B4: the session that lives is as it was'
);

select is_empty(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'B7: nothing has ended'
);

set local role authenticated;

select is(end_reason, 'completed', 'the session that lives can be ended by its own id')
from public.end_session('held', 'completed');

select is(session_id, 'never known', 'B6: the unknown id is not used up')
from public.start_session('never known');

select * from finish();
rollback;
