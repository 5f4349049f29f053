begin;
select plan(3);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = '5 minutes', max_duration = '15 minutes', completing_grace = '1 minute'
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table granted as select * from public.start_session('first');

-- when
create temp table completing as select * from public.complete_session('first');

-- then
select is(completing.status, 'completing', 'M4: it is completing')
from completing;

select is(completing.expires_at, granted.expires_at, 'M10: the lease that was given is kept')
from completing, granted;

select is(completing.deadline_at, granted.expires_at, 'M10: the deadline is the end of that lease, since the grace would be over before')
from completing, granted;

select * from finish();
rollback;
