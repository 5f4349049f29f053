begin;
select plan(6);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

create temp table of_ben as select * from public.start_session('first');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('first', device => 'Chrome on Windows');
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

create temp table held as
select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';
create temp table before as select clock_timestamp() as at;

set local role authenticated;

-- when
create temp table beaten as select * from public.heartbeat_session('first');

-- then
reset role;

select ok(beaten.updated_at between before.at and clock_timestamp(), 'the sign of life is now, by the server''s clock')
from beaten, before;

select is(expires_at, updated_at + interval '5 minutes', 'M10: the lease runs from it')
from beaten;

select results_eq(
  'select user_id, session_id, status, fence, device, created_at, deadline_at, previous_session_id from beaten',
  'select user_id, session_id, status, fence, device, created_at, deadline_at, previous_session_id from held',
  'nothing else is changed'
);

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from beaten',
  'what was answered is what is stored'
);

select is_empty(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'nothing has ended'
);

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  'select * from of_ben',
  'M8: another user''s session of the same id is as it was'
);

select * from finish();
rollback;
