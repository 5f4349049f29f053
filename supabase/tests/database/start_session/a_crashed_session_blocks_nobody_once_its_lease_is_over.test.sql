-- The browser that held the session has crashed, and the reaper has not run.
begin;
\ir ../helpers.psql
select plan(2);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('crashed', device => 'Chrome on Windows');
select pg_temp.age_session('ada', '5 minutes');
create temp table crashed as select * from pg_temp.active_session('ada');

-- when
create temp table granted as select * from public.start_session('next');

-- then
select results_eq(
  'select session_id, status, previous_session_id from granted',
  $$ values ('next', 'active', null::text) $$,
  'B1: a start without takeover succeeds at once'
);

select results_eq(
  $$ select session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status
    from pg_temp.history('ada') $$,
  $$ select session_id, fence, device, created_at, updated_at, expires_at, 'expired', status from crashed $$,
  'M7: the crashed session expired when its lease ran out'
);

select * from finish();
rollback;
