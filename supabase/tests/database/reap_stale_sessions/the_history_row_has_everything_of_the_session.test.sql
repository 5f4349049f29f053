begin;
\ir ../helpers.psql
select plan(3);

-- given: a session that took over another, had a heartbeat after two minutes, and crashed
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first');
create temp table second as select * from public.start_session('second', true, 'Chrome on Windows');
select pg_temp.age_session('ada', '2 minutes');
select from public.heartbeat_session('second');
select pg_temp.age_session('ada', '6 minutes');
create temp table crashed as select * from pg_temp.active_session('ada');

-- when
select pg_temp.act_as('service_role');
create temp table reaped as select * from public.reap_stale_sessions(10000);
select pg_temp.clear_authentication();

-- then
select results_eq(
  $$ select
      user_id, session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status,
      previous_session_id, duration
    from pg_temp.history('ada')
    where session_id = 'second' $$,
  $$ select
      user_id, session_id, fence, device, created_at, updated_at, expires_at, 'expired', status,
      previous_session_id, expires_at - created_at
    from crashed $$,
  'B7: the history has all that the live row had'
);

select results_eq(
  $$ select
      r.fence, r.device, r.previous_session_id, r.duration >= interval '7 minutes' and r.duration = c.expires_at - c.created_at
    from reaped r
    join crashed c using (user_id) $$,
  $$ select fence, 'Chrome on Windows', 'first', true from second $$,
  'M17: with the grant''s fence and device, and the duration'
);

select results_eq(
  $$ select session_id, end_reason from pg_temp.history('ada') $$,
  $$ values ('first', 'taken_over'), ('second', 'expired') $$,
  'B7: each session has one row'
);

select * from finish();
rollback;
