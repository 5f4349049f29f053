begin;
\ir ../helpers.psql
select plan(1);

-- given
select pg_temp.create_users('ada');
update sessions.settings set completing_grace = '40 minutes' where true;
select pg_temp.authenticate_as('ada');
select from public.start_session('first');

-- when
create temp table completing as select * from public.complete_session('first');

-- then
select is(deadline_at, updated_at + interval '40 minutes', 'M10: the grace sets the deadline')
from completing;

select * from finish();
rollback;
