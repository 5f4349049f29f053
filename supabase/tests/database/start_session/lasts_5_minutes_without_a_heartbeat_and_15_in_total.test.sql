-- The default settings.
begin;
\ir ../helpers.psql
select plan(2);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first');

select is(expires_at - updated_at, interval '5 minutes', 'M10: five minutes without a heartbeat')
from granted;

select is(deadline_at - created_at, interval '15 minutes', 'M10: fifteen minutes in total')
from granted;

select * from finish();
rollback;
