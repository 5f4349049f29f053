-- The reaper has not run.
begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('held');

-- when: 4 minutes pass
select pg_temp.age_session('ada', '4 minutes');

-- then
select is(public.holds_session('held', fence), true, 'B5: within its lease the session is held')
from granted;

-- when: 1 more passes
select pg_temp.age_session('ada', '1 minute');

-- then
select is(public.holds_session('held'), false, 'B1: once the lease has run out it is not');

select is(public.holds_session('held', fence), false, 'B1: nor with its fence')
from granted;

select * from finish();
rollback;
