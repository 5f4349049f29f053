-- Nobody has reaped.
begin;
select plan(3);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table granted as select * from public.start_session('held');

reset role;

-- when: 4 minutes go by
update public.active_interview_sessions
set
  created_at = created_at - interval '4 minutes',
  updated_at = updated_at - interval '4 minutes',
  deadline_at = deadline_at - interval '4 minutes',
  expires_at = expires_at - interval '4 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

-- then
select is(public.holds_session('held', fence), true, 'B5: within the lease it is held')
from granted;

reset role;

-- when: 1 more goes by
update public.active_interview_sessions
set
  created_at = created_at - interval '1 minute',
  updated_at = updated_at - interval '1 minute',
  deadline_at = deadline_at - interval '1 minute',
  expires_at = expires_at - interval '1 minute'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

-- then
select is(public.holds_session('held'), false, 'B1: the instant the lease has run out it is not');

select is(public.holds_session('held', fence), false, 'B1: with its fence neither')
from granted;

select * from finish();
rollback;
