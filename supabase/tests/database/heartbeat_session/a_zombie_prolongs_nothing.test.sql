begin;
select plan(3);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('zombie');
end
$$;

create temp table successor as select * from public.start_session('successor', takeover => true);

reset role;

create temp table history as
select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

-- when
select throws_ok(
  $$ select public.heartbeat_session('zombie') $$,
  'PT410',
  'This interview was continued in another window or on another device.',
  'R10: the zombie is refused'
);

-- then
reset role;

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from successor',
  'R10: the successor''s row is as it was'
);

select results_eq(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from history',
  'R10: and so is the history'
);

select * from finish();
rollback;
