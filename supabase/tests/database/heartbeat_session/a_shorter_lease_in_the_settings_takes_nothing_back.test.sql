begin;
\ir ../helpers.psql
select plan(4);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first');
select pg_temp.clear_authentication();
update sessions.settings set lease = '2 minutes', max_duration = '4 minutes' where true;

-- when
select pg_temp.authenticate_as('ada');
create temp table beaten as select * from public.heartbeat_session('first');

-- then
select ok(beaten.updated_at > granted.updated_at, 'the heartbeat succeeds')
from beaten, granted;

select is(beaten.expires_at, granted.expires_at, 'M10: the lease is not shortened')
from beaten, granted;

select is(beaten.deadline_at, granted.deadline_at, 'M10: the deadline does not move')
from beaten, granted;

-- when: the old lease has nearly run out
select pg_temp.age_session('ada', '4 minutes');
create temp table beaten_later as select * from public.heartbeat_session('first');

-- then
select is(expires_at, updated_at + interval '2 minutes', 'M10: the new lease applies once it ends later')
from beaten_later;

select * from finish();
rollback;
