begin;
\ir ../helpers.psql
select plan(1);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first');
select pg_temp.clear_authentication();
update sessions.settings set lease = '10 minutes' where true;

-- when
select pg_temp.authenticate_as('ada');
create temp table beaten as select * from public.heartbeat_session('first');

-- then
select is(expires_at, updated_at + interval '10 minutes', 'M10: the heartbeat grants the longer lease')
from beaten;

select * from finish();
rollback;
