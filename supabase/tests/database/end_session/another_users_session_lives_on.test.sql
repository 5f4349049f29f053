begin;
select plan(5);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('ended');
  perform public.end_session('ended');
end
$$;

create temp table of_ada as select * from public.start_session('ada''s');

-- when
set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

select is_empty(
  $$ select * from public.end_session('ada''s', 'cleared') $$,
  'R33: to him it is a session that was never known'
);

select is_empty(
  $$ select * from public.end_session('ended') $$,
  'R33: he does not learn how one of hers ended'
);

-- then
reset role;

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from of_ada',
  'M8: hers lives, untouched'
);

select is_empty(
  $$ select * from public.interview_session_history where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  'M8: he has no history of it'
);

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

select is(end_reason, 'cleared', 'M8: she can end it')
from public.end_session('ada''s', 'cleared');

select * from finish();
rollback;
