begin;
select plan(2);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = '5 minutes', max_duration = '3 minutes'
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table granted as select * from public.start_session('first');

select is(deadline_at - created_at, interval '3 minutes', 'M10: the longest duration makes the deadline')
from granted;

select is(expires_at, deadline_at, 'M10: the lease ends with it')
from granted;

select * from finish();
rollback;
