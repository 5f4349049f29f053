begin;
select plan(4);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

-- given: Ada has had a session, Ben none, and the third user does not exist
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('ended');
  perform public.end_session('ended', 'completed');
end
$$;

reset role;

create temp table history as
select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

-- when
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';

select is_empty(
  $$ select * from public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001', 'Too late.') $$,
  'one whose session has ended'
);

select is_empty(
  $$ select * from public.revoke_session('bbbbbbbb-0000-4000-8000-000000000002') $$,
  'one who never had a session'
);

select is_empty(
  $$ select * from public.revoke_session('cccccccc-0000-4000-8000-000000000003') $$,
  'a user who is not known'
);

-- then
reset role;

select results_eq(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from history',
  'B6: how hers ended stays as it was'
);

select * from finish();
rollback;
