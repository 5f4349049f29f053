begin;
select plan(2);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table granted as select * from public.start_session('first');

-- when: nothing is heard for 30 seconds
reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '30 seconds',
  updated_at = updated_at - interval '30 seconds',
  deadline_at = deadline_at - interval '30 seconds',
  expires_at = expires_at - interval '30 seconds'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

-- then
select is(beaten.fence, granted.fence, 'M9: after 30 seconds of silence it is the same session')
from granted, public.heartbeat_session('first') beaten;

-- when: nothing is heard for 4 minutes
reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '4 minutes',
  updated_at = updated_at - interval '4 minutes',
  deadline_at = deadline_at - interval '4 minutes',
  expires_at = expires_at - interval '4 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

-- then
select is(beaten.fence, granted.fence, 'M9: and after 4 minutes')
from granted, public.heartbeat_session('first') beaten;

select * from finish();
rollback;
