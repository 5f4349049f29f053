-- Nobody has reaped; the end comes after the lease has run out.
begin;
select plan(4);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

-- given: Ada's has expired, Ben's has timed out while completing
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('late');
end
$$;

reset role;

update sessions.settings
set completing_grace = '5 minutes'
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

do $$
begin
  perform public.start_session('late');
  perform public.complete_session('late');
end
$$;

reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '7 minutes',
  updated_at = updated_at - interval '7 minutes',
  deadline_at = deadline_at - interval '7 minutes',
  expires_at = expires_at - interval '7 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

update public.active_interview_sessions
set
  created_at = created_at - interval '7 minutes',
  updated_at = updated_at - interval '7 minutes',
  deadline_at = deadline_at - interval '7 minutes',
  expires_at = expires_at - interval '7 minutes'
where user_id = 'bbbbbbbb-0000-4000-8000-000000000002';

create temp table late as
select user_id, session_id, fence, created_at, updated_at, expires_at, status
from public.active_interview_sessions
where user_id in ('aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002');

-- when
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table of_ada as select * from public.end_session('late', 'completed');
create temp table of_ada_again as select * from public.end_session('late', 'disconnected');

set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

create temp table of_ben as select * from public.end_session('late');

-- then
reset role;

select results_eq(
  'select session_id, fence, started_at, last_seen_at, ended_at, status, end_reason from of_ada',
  $$ select session_id, fence, created_at, updated_at, expires_at, status, 'expired' from late where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'B1: it expired when its lease ran out, whatever reason is given'
);

select results_eq(
  'select session_id, fence, started_at, last_seen_at, ended_at, status, end_reason from of_ben',
  $$ select session_id, fence, created_at, updated_at, expires_at, 'completing', 'timed_out' from late where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  'B1: it timed out at its deadline, and was not completed'
);

select results_eq(
  'select * from of_ada_again',
  'select * from of_ada',
  'R12: again is answered the same'
);

select results_eq(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from of_ada',
  'B7: it has one row in the history'
);

select * from finish();
rollback;
