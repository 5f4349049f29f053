begin;
select plan(3);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('first');
  perform public.complete_session('first');
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

set local role authenticated;

-- when
create temp table again as select * from public.complete_session('first');

-- then
select is(expires_at, updated_at + interval '5 minutes', 'B6: it renews the lease')
from again;

reset role;

select results_eq(
  'select session_id, status, fence, created_at, deadline_at from again',
  'select session_id, status, fence, created_at, deadline_at from held',
  'B6: it does not move the deadline, nor change anything else'
);

select ok(again.updated_at >= held.updated_at + interval '2 minutes', 'B6: it is a sign of life')
from again, held;

select * from finish();
rollback;
