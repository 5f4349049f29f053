-- A tab that slept through a takeover sends its start again.
begin;
select plan(4);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('zombie');
end
$$;

create temp table successor as select * from public.start_session('successor', takeover => true);

-- when
select throws_ok(
  $$ select public.start_session('zombie') $$,
  'PT410',
  'This interview was continued in another window or on another device.',
  'B4: it is told that it is over, not that it might take over'
);

select throws_ok(
  $$ select public.start_session('zombie', takeover => true) $$,
  'PT410',
  'This interview was continued in another window or on another device.',
  'B4: with takeover too'
);

-- then
reset role;

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from successor',
  'B4: the successor lives, untouched'
);

select results_eq(
  $$ select session_id, end_reason from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  $$ values ('zombie', 'taken_over') $$,
  'B7: the zombie has ended once'
);

select * from finish();
rollback;
