begin;
select plan(6);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table held as select * from public.start_session('held', device => 'Chrome on Windows');

-- when
create temp table taken as
select * from public.start_session('wanted', takeover => true, device => 'Safari on iPhone');

-- then
reset role;

select results_eq(
  'select session_id, status, device, previous_session_id from taken',
  $$ values ('wanted', 'active', 'Safari on iPhone', 'held') $$,
  'M6: the new session lives, and says which it took over'
);

select ok(taken.fence > held.fence, 'B4: its fence is higher')
from taken, held;

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from taken',
  'M1: it is the only one that lives'
);

select results_eq(
  $$ select session_id, fence, device, started_at, last_seen_at, end_reason, status, previous_session_id, ended_by, note
    from public.interview_session_history
    where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  $$ select session_id, fence, device, created_at, updated_at, 'taken_over', status, previous_session_id, null::uuid, null::text
    from held $$,
  'B7: the other is in the history, as taken over'
);

select is(h.ended_at, taken.created_at, 'B7: it ended when the new one began')
from public.interview_session_history h, taken
where h.user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

select throws_ok(
  $$ select public.heartbeat_session('held') $$,
  'PT410',
  'This interview was continued in another window or on another device.',
  'B4: the other learns of it from its next call'
);

select * from finish();
rollback;
