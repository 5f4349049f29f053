-- The reply to a start was lost, and the client sends it again.
begin;
select plan(6);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table granted as select * from public.start_session('first', device => 'Chrome on Windows');

reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '2 minutes',
  updated_at = updated_at - interval '2 minutes',
  deadline_at = deadline_at - interval '2 minutes',
  expires_at = expires_at - interval '2 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

create temp table held as
select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

-- when
create temp table retried as select * from public.start_session('first', device => 'Safari on iPhone');

-- then
reset role;

select is(retried.fence, granted.fence, 'R3: the same grant, with the same fence')
from retried, granted;

select results_eq(
  'select user_id, session_id, status, fence, device, created_at, deadline_at, previous_session_id from retried',
  'select user_id, session_id, status, fence, device, created_at, deadline_at, previous_session_id from held',
  'B6: nothing is changed but the lease, not even the device'
);

select ok(retried.updated_at >= held.updated_at + interval '2 minutes', 'B6: the retry is a sign of life')
from retried, held;

select is(retried.expires_at, retried.updated_at + interval '5 minutes', 'B6: it renews the lease')
from retried;

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from retried',
  'R3: what was answered is what is stored'
);

select is_empty(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'R3: nothing has ended'
);

select * from finish();
rollback;
