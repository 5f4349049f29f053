begin;
select plan(7);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

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
create temp table completing as select * from public.complete_session('first');

-- then
reset role;

select is(status, 'completing', 'M4: it is completing')
from completing;

select ok(updated_at between before.at and clock_timestamp(), 'it is a sign of life, by the server''s clock')
from completing, before;

select is(expires_at, updated_at + interval '5 minutes', 'M4: its lease is renewed')
from completing;

select is(deadline_at, updated_at + interval '15 minutes', 'M4: it has 15 minutes from now on for handing in')
from completing;

select results_eq(
  'select user_id, session_id, fence, device, created_at, previous_session_id from completing',
  'select user_id, session_id, fence, device, created_at, previous_session_id from held',
  'M4: it is the same session'
);

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from completing',
  'M4: what was answered is what is stored'
);

select is_empty(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'M4: it has not ended'
);

select * from finish();
rollback;
