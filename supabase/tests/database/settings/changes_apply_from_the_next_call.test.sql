begin;
\ir ../helpers.psql
select plan(13);

-- given: a session granted with the defaults
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('before');

select results_eq(
  'select status, expires_at - updated_at, deadline_at - created_at from granted',
  $$ values ('active', interval '5 minutes', interval '15 minutes') $$,
  'M10: the defaults are 5 minutes without a heartbeat, 15 minutes in total'
);

-- when: every setting becomes longer
select pg_temp.clear_authentication();
update sessions.settings set lease = '10 minutes', max_duration = '40 minutes', completing_grace = '50 minutes' where true;
select pg_temp.authenticate_as('ada');
create temp table beaten as select * from public.heartbeat_session('before');
select pg_temp.authenticate_as('ben');
create temp table granted_longer as select * from public.start_session('after');
create temp table completing as select * from public.complete_session('after');

-- then
select is(expires_at - updated_at, interval '10 minutes', 'M10: lease: the next heartbeat follows it')
from beaten;

select is(beaten.deadline_at, granted.deadline_at, 'M10: max_duration: a running session keeps its deadline')
from beaten, granted;

select is(expires_at - updated_at, interval '10 minutes', 'M10: lease: the next grant follows it')
from granted_longer;

select is(deadline_at - created_at, interval '40 minutes', 'M10: max_duration: the next grant follows it')
from granted_longer;

select is(deadline_at - updated_at, interval '50 minutes', 'M4: completing_grace: the next complete follows it')
from completing;

-- when: they become shorter
select pg_temp.clear_authentication();
update sessions.settings set lease = '2 minutes', max_duration = '90 seconds', completing_grace = '1 minute' where true;
select pg_temp.authenticate_as('ada');
create temp table beaten_shorter as select * from public.heartbeat_session('before');
create temp table retried as select * from public.start_session('before');
create temp table completing_shorter as select * from public.complete_session('before');

-- then
select is(beaten_shorter.expires_at, beaten.expires_at, 'M10: a heartbeat does not shorten a lease already given')
from beaten_shorter, beaten;

select is(retried.expires_at, beaten.expires_at, 'M10: nor does a retried start')
from retried, beaten;

select is(completing_shorter.expires_at, beaten.expires_at, 'M10: nor does a complete')
from completing_shorter, beaten;

-- when: the next session is granted
select from public.end_session('before');
create temp table granted_shorter as select * from public.start_session('next');

-- then
select results_eq(
  'select expires_at - updated_at, deadline_at - created_at from granted_shorter',
  $$ values (interval '90 seconds', interval '90 seconds') $$,
  'M10: the next grant follows both, and its lease ends at its deadline'
);

-- when
select pg_temp.clear_authentication();
update sessions.settings set completing_grace = '20 minutes' where true;
select pg_temp.authenticate_as('ada');
create temp table completing_longer as select * from public.complete_session('next');
select pg_temp.clear_authentication();

-- then
select is(deadline_at - updated_at, interval '20 minutes', 'M4: completing_grace: submitting may take this long')
from completing_longer;

-- when
select pg_temp.add_ended_session('ada', 'last week''s', now() - interval '8 days', now() - interval '7 days');
select from public.reap_stale_sessions();

-- then
select isnt_empty(
  $$ select session_id from pg_temp.history('ada') where session_id = 'last week''s' $$,
  'M10: history_retention: a row of last week is kept'
);

-- when
update sessions.settings set history_retention = '6 days' where true;
select from public.reap_stale_sessions(10000);

-- then
select is_empty(
  $$ select session_id from pg_temp.history('ada') where session_id = 'last week''s' $$,
  'M10: history_retention: the next run follows it'
);

select * from finish();
rollback;
