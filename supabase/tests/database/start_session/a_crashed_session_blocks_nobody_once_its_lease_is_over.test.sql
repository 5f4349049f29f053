-- Nobody has reaped; the browser that held the session is gone.
begin;
select plan(2);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('crashed', device => 'Chrome on Windows');
end
$$;

reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '5 minutes',
  updated_at = updated_at - interval '5 minutes',
  deadline_at = deadline_at - interval '5 minutes',
  expires_at = expires_at - interval '5 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

create temp table crashed as
select session_id, fence, device, created_at, updated_at, expires_at, status
from public.active_interview_sessions
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

-- when
create temp table granted as select * from public.start_session('next');

-- then
reset role;

select results_eq(
  'select session_id, status, previous_session_id from granted',
  $$ values ('next', 'active', null::text) $$,
  'B1: a start without takeover succeeds at once'
);

select results_eq(
  $$ select session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status
    from public.interview_session_history
    where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  $$ select session_id, fence, device, created_at, updated_at, expires_at, 'expired', status from crashed $$,
  'M7: the crashed one has expired, at the instant its lease ran out'
);

select * from finish();
rollback;
