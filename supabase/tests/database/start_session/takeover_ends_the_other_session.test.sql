begin;
\ir ../helpers.psql
select plan(6);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table held as select * from public.start_session('held', device => 'Chrome on Windows');

-- when
create temp table taken as
select * from public.start_session('wanted', takeover => true, device => 'Safari on iPhone');

-- then
select results_eq(
  'select session_id, status, device, previous_session_id from taken',
  $$ values ('wanted', 'active', 'Safari on iPhone', 'held') $$,
  'M6: the new session is active and names the one it took over'
);

select ok(taken.fence > held.fence, 'B4: its fence is higher')
from taken, held;

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from taken',
  'M1: it is the only live session'
);

select results_eq(
  $$ select session_id, fence, device, started_at, last_seen_at, end_reason, status, previous_session_id
    from pg_temp.history('ada') $$,
  $$ select session_id, fence, device, created_at, updated_at, 'taken_over', status, previous_session_id
    from held $$,
  'B7: the other is in the history as taken over'
);

select is(h.ended_at, taken.created_at, 'B7: it ended the instant the new one began')
from pg_temp.history('ada') h, taken;

select throws_ok(
  $$ select public.heartbeat_session('held') $$,
  'PT410',
  'This interview was continued in another window or on another device.',
  'B4: the next call of the other says so'
);

select * from finish();
rollback;
