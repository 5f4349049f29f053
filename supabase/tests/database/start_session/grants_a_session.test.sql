begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.create_users('ada');
create temp table before as select clock_timestamp() as at;

select pg_temp.authenticate_as('ada');
create temp table granted as
select * from public.start_session('first', device => 'Chrome on Windows');

select pg_temp.clear_authentication();

select results_eq(
  'select user_id, session_id, status, device, previous_session_id from granted',
  $$ values (pg_temp.user_id('ada'), 'first', 'active', 'Chrome on Windows', null::text) $$,
  'M1: the session is the caller''s, is active, and took over no other'
);

select ok(fence > 0, 'B4: it has a fence')
from granted;

select ok(created_at between before.at and clock_timestamp(), 'it begins now by the server''s clock')
from granted, before;

select is(updated_at, created_at, 'its start counts as its first heartbeat')
from granted;

select is(expires_at, created_at + s.lease, 'M10: its lease comes from the settings')
from granted, sessions.settings s;

select is(deadline_at, created_at + s.max_duration, 'M10: its deadline comes from the settings')
from granted, sessions.settings s;

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from granted',
  'M1: the answer is what is stored, the user''s only row'
);

select is_empty(
  $$ select * from pg_temp.history('ada') $$,
  'no session has ended'
);

select pg_temp.authenticate_as('ada');

select results_eq(
  'select * from public.active_interview_sessions',
  'select * from granted',
  'M1: the user can read it'
);

select * from finish();
rollback;
