begin;
select plan(4);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table granted as select * from public.start_session('first');

-- when: it is heard from every 4 minutes
reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '4 minutes',
  updated_at = updated_at - interval '4 minutes',
  deadline_at = deadline_at - interval '4 minutes',
  expires_at = expires_at - interval '4 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;
create temp table after_4_minutes as select * from public.heartbeat_session('first');
reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '4 minutes',
  updated_at = updated_at - interval '4 minutes',
  deadline_at = deadline_at - interval '4 minutes',
  expires_at = expires_at - interval '4 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;
create temp table after_8_minutes as select * from public.heartbeat_session('first');
reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '4 minutes',
  updated_at = updated_at - interval '4 minutes',
  deadline_at = deadline_at - interval '4 minutes',
  expires_at = expires_at - interval '4 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;
create temp table after_12_minutes as select * from public.heartbeat_session('first');

-- then
select is(expires_at, updated_at + interval '5 minutes', 'M10: while the deadline is far the lease is whole')
from after_8_minutes;

select is(expires_at, deadline_at, 'M10: near the deadline the lease ends with it')
from after_12_minutes;

select is(deadline_at, created_at + interval '15 minutes', 'M10: the deadline is where it was at the start')
from after_12_minutes;

-- when: the deadline comes
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
select throws_ok(
  $$ select public.heartbeat_session('first') $$,
  'PT410',
  'This interview reached its longest duration.',
  'M10: then it is over, however often it was heard from'
);

select * from finish();
rollback;
