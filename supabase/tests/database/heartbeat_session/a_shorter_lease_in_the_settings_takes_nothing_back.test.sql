begin;
select plan(4);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table granted as select * from public.start_session('first');

reset role;

update sessions.settings
set lease = '2 minutes', max_duration = '4 minutes'
where is_the_row;

set local role authenticated;

-- when
create temp table beaten as select * from public.heartbeat_session('first');

-- then
select ok(beaten.updated_at > granted.updated_at, 'the heartbeat has been taken')
from beaten, granted;

select is(beaten.expires_at, granted.expires_at, 'M10: the lease does not move back')
from beaten, granted;

select is(beaten.deadline_at, granted.deadline_at, 'M10: the deadline is that of the grant')
from beaten, granted;

-- when: the lease that was given has nearly run out
reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '4 minutes',
  updated_at = updated_at - interval '4 minutes',
  deadline_at = deadline_at - interval '4 minutes',
  expires_at = expires_at - interval '4 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

create temp table beaten_later as select * from public.heartbeat_session('first');

-- then
select is(expires_at, updated_at + interval '2 minutes', 'M10: the new lease counts as soon as it is the longer')
from beaten_later;

select * from finish();
rollback;
