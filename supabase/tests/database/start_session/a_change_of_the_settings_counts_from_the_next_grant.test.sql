begin;
\ir ../helpers.psql
select plan(5);

-- given
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first');

select pg_temp.clear_authentication();

-- when
update sessions.settings set lease = '2 minutes', max_duration = '7 minutes' where true;

-- then
select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from granted',
  'M10: a session granted before the change is unchanged'
);

select pg_temp.authenticate_as('ada');
create temp table retried as select * from public.start_session('first');

select is(retried.expires_at, granted.expires_at, 'M10: a retry does not shorten its lease')
from retried, granted;

select is(retried.deadline_at, granted.deadline_at, 'M10: a retry does not move its deadline')
from retried, granted;

select pg_temp.authenticate_as('ben');
create temp table granted_later as select * from public.start_session('first');

select is(expires_at - created_at, interval '2 minutes', 'M10: the next grant has the new lease')
from granted_later;

select is(deadline_at - created_at, interval '7 minutes', 'M10: the next grant has the new maximum duration')
from granted_later;

select * from finish();
rollback;
