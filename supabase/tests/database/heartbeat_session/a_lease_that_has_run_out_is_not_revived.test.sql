-- The heartbeat comes too late, and the reaper has not run.
begin;
\ir ../helpers.psql
select plan(4);

-- given: Ada's session has expired, Ben's has timed out
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('late');
select pg_temp.clear_authentication();
update sessions.settings set max_duration = '3 minutes' where true;
select pg_temp.authenticate_as('ben');
select from public.start_session('late');
select pg_temp.clear_authentication();
select pg_temp.age_session('ada', '5 minutes');
select pg_temp.age_session('ben', '3 minutes');

create temp table late as
select user_id, expires_at
from public.active_interview_sessions
where user_id in (pg_temp.user_id('ada'), pg_temp.user_id('ben'));

-- when
select pg_temp.authenticate_as('ada');
create temp table of_ada as
select * from pg_temp.refusal_of($$ select public.heartbeat_session('late') $$);

select pg_temp.authenticate_as('ben');
create temp table of_ben as
select * from pg_temp.refusal_of($$ select public.heartbeat_session('late') $$);

-- then
select pg_temp.clear_authentication();

select results_eq(
  $$ select code, detail ->> 'end_reason', (detail ->> 'ended_at')::timestamptz from of_ada $$,
  $$ select 'PT410', 'expired', expires_at from late where user_id = pg_temp.user_id('ada') $$,
  'R8: Ada''s session expired when its lease ran out'
);

select results_eq(
  $$ select code, detail ->> 'end_reason', (detail ->> 'ended_at')::timestamptz from of_ben $$,
  $$ select 'PT410', 'timed_out', expires_at from late where user_id = pg_temp.user_id('ben') $$,
  'R8: Ben''s timed out at its deadline'
);

select is_empty(
  $$ select session_id from public.active_interview_sessions
    where user_id in (pg_temp.user_id('ada'), pg_temp.user_id('ben')) and expires_at > clock_timestamp() $$,
  'R8: neither is live'
);

select pg_temp.authenticate_as('ada');

select is(session_id, 'next', 'R8: another start succeeds at once')
from public.start_session('next');

select * from finish();
rollback;
