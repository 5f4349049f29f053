begin;
select plan(4);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

-- given: both have one that ended and one that lives
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('ended');
  perform public.start_session('live', takeover => true);
end
$$;

set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

do $$
begin
  perform public.start_session('ended');
  perform public.start_session('live', takeover => true);
end
$$;

reset role;

-- when
delete from auth.users
where id = 'aaaaaaaa-0000-4000-8000-000000000001';

-- then
select is_empty(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'M1: the live session is gone with the user'
);

select is_empty(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'M1: and so is the history'
);

select results_eq(
  $$ select session_id from public.active_interview_sessions where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  $$ values ('live') $$,
  'M8: the other user''s session lives'
);

select results_eq(
  $$ select session_id from public.interview_session_history where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  $$ values ('ended') $$,
  'M8: and that user''s history is kept'
);

select * from finish();
rollback;
