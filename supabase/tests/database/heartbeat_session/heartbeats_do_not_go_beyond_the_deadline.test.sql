begin;
\ir ../helpers.psql
select plan(4);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first');

-- when: a heartbeat every 4 minutes
select pg_temp.age_session('ada', '4 minutes');
create temp table after_4_minutes as select * from public.heartbeat_session('first');

select pg_temp.age_session('ada', '4 minutes');
create temp table after_8_minutes as select * from public.heartbeat_session('first');

select pg_temp.age_session('ada', '4 minutes');
create temp table after_12_minutes as select * from public.heartbeat_session('first');

-- then
select is(expires_at, updated_at + interval '5 minutes', 'M10: far from the deadline each heartbeat grants a whole lease')
from after_8_minutes;

select is(expires_at, deadline_at, 'M10: near the deadline the lease ends at the deadline')
from after_12_minutes;

select is(deadline_at, created_at + interval '15 minutes', 'M10: the deadline does not move')
from after_12_minutes;

-- when: the deadline passes
select pg_temp.age_session('ada', '4 minutes');

-- then
select throws_ok(
  $$ select public.heartbeat_session('first') $$,
  'PT410',
  'The time for this interview is up.',
  'M10: the session is over in spite of its heartbeats'
);

select * from finish();
rollback;
