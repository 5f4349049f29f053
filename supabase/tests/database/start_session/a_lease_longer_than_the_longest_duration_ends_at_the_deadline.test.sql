begin;
\ir ../helpers.psql
select plan(2);

select pg_temp.create_users('ada');
update sessions.settings set lease = '5 minutes', max_duration = '3 minutes' where true;
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first');

select is(deadline_at - created_at, interval '3 minutes', 'M10: the maximum duration sets the deadline')
from granted;

select is(expires_at, deadline_at, 'M10: the lease ends at the deadline')
from granted;

select * from finish();
rollback;
