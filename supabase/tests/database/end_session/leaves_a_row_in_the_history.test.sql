begin;
select plan(7);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('before');
  perform public.start_session('first', takeover => true, device => 'Chrome on Windows');
end
$$;

reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '2 minutes',
  updated_at = updated_at - interval '2 minutes',
  deadline_at = deadline_at - interval '2 minutes',
  expires_at = expires_at - interval '2 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

do $$
begin
  perform public.heartbeat_session('first');
end
$$;

reset role;

create temp table held as
select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';
create temp table before as select clock_timestamp() as at;

set local role authenticated;

-- when
create temp table ended as select * from public.end_session('first', 'completed');

-- then
reset role;

select results_eq(
  'select user_id, session_id, fence, device, started_at, last_seen_at, status, previous_session_id from ended',
  'select user_id, session_id, fence, device, created_at, updated_at, status, previous_session_id from held',
  'B7: it says of the session what was known of it'
);

select results_eq(
  'select end_reason, ended_by, note from ended',
  $$ values ('completed', null::uuid, null::text) $$,
  'B7: it ended for the reason given, by its own client'
);

select ok(ended_at between before.at and clock_timestamp(), 'B7: it ended now, by the server''s clock')
from ended, before;

select is(duration, ended_at - started_at, 'M17: its duration is kept with it')
from ended;

select results_eq(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' and session_id = 'first' $$,
  'select * from ended',
  'B7: what was answered is what is stored'
);

select is_empty(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'M3: the live session is gone'
);

set local role authenticated;

select is(previous_session_id, null, 'M3: the next start is an ordinary one')
from public.start_session('next');

select * from finish();
rollback;
