begin;
\ir ../helpers.psql
select plan(2);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first');

-- when: no heartbeat for 30 seconds
select pg_temp.age_session('ada', '30 seconds');

-- then
select is(beaten.fence, granted.fence, 'M9: after 30 seconds it is the same session')
from granted, public.heartbeat_session('first') beaten;

-- when: no heartbeat for 4 minutes
select pg_temp.age_session('ada', '4 minutes');

-- then
select is(beaten.fence, granted.fence, 'M9: after 4 minutes it is the same session')
from granted, public.heartbeat_session('first') beaten;

select * from finish();
rollback;
