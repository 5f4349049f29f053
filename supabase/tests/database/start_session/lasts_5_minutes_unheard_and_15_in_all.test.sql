-- What a session gets with the settings as they come.
begin;
select plan(2);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table granted as select * from public.start_session('first');

select is(expires_at - updated_at, interval '5 minutes', 'M10: five minutes without a sign of life')
from granted;

select is(deadline_at - created_at, interval '15 minutes', 'M10: fifteen minutes in all')
from granted;

select * from finish();
rollback;
