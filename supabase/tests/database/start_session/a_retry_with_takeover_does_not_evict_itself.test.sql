begin;
select plan(2);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table granted as select * from public.start_session('first', takeover => true);

-- when
create temp table retried as select * from public.start_session('first', takeover => true);

-- then
reset role;

select results_eq(
  'select session_id, fence, created_at, previous_session_id from retried',
  'select session_id, fence, created_at, previous_session_id from granted',
  'R4: it is the session that was granted'
);

select is_empty(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'R4: nothing was taken over'
);

select * from finish();
rollback;
