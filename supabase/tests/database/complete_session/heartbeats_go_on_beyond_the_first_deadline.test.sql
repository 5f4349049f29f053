-- Submitting may take longer than the time that was left.
begin;
\ir ../helpers.psql
select plan(5);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first');
select pg_temp.age_session('ada', '4 minutes');
create temp table completing as select * from public.complete_session('first');

-- when: 12 more minutes pass, with a heartbeat every 4
select pg_temp.age_session('ada', '4 minutes');
create temp table after_4_minutes as select * from public.heartbeat_session('first');

select pg_temp.age_session('ada', '4 minutes');
create temp table after_8_minutes as select * from public.heartbeat_session('first');

select pg_temp.age_session('ada', '4 minutes');
create temp table after_12_minutes as select * from public.heartbeat_session('first');

-- then
select ok(b.updated_at > b.created_at + (g.deadline_at - g.created_at), 'M4: a heartbeat succeeds after the first deadline')
from after_12_minutes b, granted g;

select is(b.status || ' ' || b.fence, 'completing ' || g.fence, 'M4: it is the same session, still completing')
from after_12_minutes b, granted g;

select is(expires_at, deadline_at, 'M4: its lease ends at the new deadline')
from after_12_minutes;

-- when: the new deadline passes
select pg_temp.age_session('ada', '4 minutes');
create temp table held as select * from pg_temp.active_session('ada');

-- then
select throws_ok(
  $$ select public.heartbeat_session('first') $$,
  'PT410',
  'The time for this interview is up.',
  'M4: the session is over'
);

create temp table ended as select * from public.end_session('first', 'completed');

select results_eq(
  'select end_reason, ended_at, status from ended',
  $$ select 'timed_out', deadline_at, 'completing' from held $$,
  'B7: it timed out at the new deadline, while completing'
);

select * from finish();
rollback;
