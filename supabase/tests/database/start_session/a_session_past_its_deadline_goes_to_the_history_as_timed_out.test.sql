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
  perform public.start_session('long');
end
$$;

reset role;

-- given: it has been heard from to the end, so that its lease ran until the deadline
update public.active_interview_sessions
set
  created_at = created_at - interval '16 minutes',
  updated_at = updated_at - interval '2 minutes',
  deadline_at = deadline_at - interval '16 minutes',
  expires_at = deadline_at - interval '16 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

create temp table long as
select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

-- when
create temp table granted as select * from public.start_session('next');

-- then
reset role;

select is(session_id, 'next', 'B1: a start without takeover succeeds at once')
from granted;

select results_eq(
  $$ select session_id, end_reason, ended_at, duration
    from public.interview_session_history
    where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  $$ select 'long', 'timed_out', deadline_at, interval '15 minutes' from long $$,
  'M10: the long one has timed out, at its deadline'
);

select * from finish();
rollback;
