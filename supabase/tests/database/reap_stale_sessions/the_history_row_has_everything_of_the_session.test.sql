begin;
select plan(3);

-- given: a session that took over another, was heard from for two minutes, and crashed
insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
create temp table first as select * from public.start_session('first');
create temp table second as select * from public.start_session('second', true, 'Chrome on Windows');
reset role;
update public.active_interview_sessions
set
  created_at = created_at - interval '8 minutes',
  updated_at = updated_at - interval '6 minutes',
  deadline_at = deadline_at - interval '8 minutes',
  expires_at = expires_at - interval '6 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';
create temp table was as
select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

-- when
set local role service_role;
-- A secret key comes with no user.
set local request.jwt.claims to '{"role": "service_role"}';
create temp table reaped as select * from public.reap_stale_sessions(100000);
reset role;

-- then
select results_eq(
  $$
    select
      user_id, session_id, fence, device, started_at, last_seen_at, ended_at, end_reason, status,
      previous_session_id, ended_by, note, duration
    from public.interview_session_history
    where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' and session_id = 'second'
  $$,
  $$
    select
      user_id, session_id, fence, device, created_at, updated_at, expires_at, 'expired', status,
      previous_session_id, null::uuid, null::text, expires_at - created_at
    from was
  $$,
  'B7: the history has all that the live row had'
);
select results_eq(
  $$ select fence, device, previous_session_id, duration from reaped where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  $$ select fence, 'Chrome on Windows', 'first', interval '7 minutes' from second $$,
  'M17: with what it was granted with, and how long it lasted'
);
select results_eq(
  $$
    select session_id, end_reason
    from public.interview_session_history
    where user_id = 'aaaaaaaa-0000-4000-8000-000000000001'
    order by fence
  $$,
  $$ values ('first', 'taken_over'), ('second', 'expired') $$,
  'B7: and no session a second row'
);

select * from finish();
rollback;
