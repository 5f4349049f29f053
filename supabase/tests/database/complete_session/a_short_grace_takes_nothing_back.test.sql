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

select is(expires_at, updated_at + interval '5 minutes', 'M10: its lease is renewed')
from completing;

select is(completing.deadline_at, granted.deadline_at, 'C1: its deadline is not shortened')
from completing, granted;

select * from finish();
rollback;
