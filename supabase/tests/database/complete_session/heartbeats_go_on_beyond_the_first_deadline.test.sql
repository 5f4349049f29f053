-- Handing in may take longer than what was left of the interview's time.
begin;
select plan(5);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table granted as select * from public.start_session('first');

reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '4 minutes',
  updated_at = updated_at - interval '4 minutes',
  deadline_at = deadline_at - interval '4 minutes',
  expires_at = expires_at - interval '4 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;
create temp table completing as select * from public.complete_session('first');
reset role;

-- when: 12 more minutes go by, with a heartbeat every 4
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
select ok(b.updated_at > b.created_at + (g.deadline_at - g.created_at), 'M4: it is heard from after the deadline that it began with')
from after_12_minutes b, granted g;

select is(b.status || ' ' || b.fence, 'completing ' || g.fence, 'M4: and it is the same session, completing')
from after_12_minutes b, granted g;

select is(expires_at, deadline_at, 'M4: its lease now ends with the new deadline')
from after_12_minutes;

-- when: the new deadline comes
reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '4 minutes',
  updated_at = updated_at - interval '4 minutes',
  deadline_at = deadline_at - interval '4 minutes',
  expires_at = expires_at - interval '4 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

create temp table held as
select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

-- then
select throws_ok(
  $$ select public.heartbeat_session('first') $$,
  'PT410',
  'This interview reached its longest duration.',
  'M4: then it is over'
);

create temp table ended as select * from public.end_session('first', 'completed');

reset role;

select results_eq(
  'select end_reason, ended_at, status from ended',
  $$ select 'timed_out', deadline_at, 'completing' from held $$,
  'B7: it timed out at the new deadline, completing'
);

select * from finish();
rollback;
