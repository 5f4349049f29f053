begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_users('ada');
update sessions.settings set completing_grace = '1 minute' where true;
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first');

-- when
create temp table completing as select * from public.complete_session('first');

-- then
select is(completing.status, 'completing', 'M4: it is completing')
from completing;

select is(completing.expires_at, granted.expires_at, 'M10: the lease is not shortened')
from completing, granted;

select is(completing.deadline_at, granted.expires_at, 'M10: the deadline is the end of the lease, since the grace ends earlier')
from completing, granted;

select * from finish();
rollback;
