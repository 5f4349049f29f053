begin;
select plan(5);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table granted as select * from public.start_session('first');

reset role;

-- when
update sessions.settings
set lease = '2 minutes', max_duration = '7 minutes'
where is_the_row;

-- then
select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from granted',
  'M10: what was granted before is not touched'
);

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table retried as select * from public.start_session('first');

select is(retried.expires_at, granted.expires_at, 'M10: a retry does not shorten the lease already given')
from retried, granted;

select is(retried.deadline_at, granted.deadline_at, 'M10: nor does it move the deadline')
from retried, granted;

set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

create temp table granted_later as select * from public.start_session('first');

select is(expires_at - created_at, interval '2 minutes', 'M10: the next grant has the new lease')
from granted_later;

select is(deadline_at - created_at, interval '7 minutes', 'M10: and the new longest duration')
from granted_later;

select * from finish();
rollback;
