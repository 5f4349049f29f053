begin;
\ir ../helpers.psql
select plan(4);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('held');

select is(public.holds_session('held'), true, 'B5: the session is held')
from granted;

select is(public.holds_session('held', fence), true, 'B5: with its fence')
from granted;

select is(public.holds_session('held', null), true, 'B5: with a null fence');

-- when
select from public.heartbeat_session('held');
select from public.start_session('held');
select from public.complete_session('held');

-- then
select is(public.holds_session('held', fence), true, 'B5: still after a heartbeat, a retry and a complete')
from granted;

select * from finish();
rollback;
