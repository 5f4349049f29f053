begin;
\ir ../helpers.psql
select plan(3);

-- given: Ada's session has expired, Ben's has timed out
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('stale');
select pg_temp.clear_authentication();
update sessions.settings set max_duration = '3 minutes' where true;
select pg_temp.authenticate_as('ben');
select from public.start_session('stale');
select pg_temp.clear_authentication();
select pg_temp.age_session('ada', '6 minutes');
select pg_temp.age_session('ben', '6 minutes');

create temp table stale as
select user_id, expires_at
from public.active_interview_sessions
where user_id in (pg_temp.user_id('ada'), pg_temp.user_id('ben'));

-- when
select pg_temp.authenticate_as('ada');
create temp table of_ada as
select * from pg_temp.refusal_of($$ select public.start_session('stale') $$);

select pg_temp.authenticate_as('ben');
create temp table of_ben as
select * from pg_temp.refusal_of($$ select public.start_session('stale', takeover => true) $$);

-- then
select pg_temp.clear_authentication();

select results_eq(
  $$ select code, detail ->> 'end_reason', (detail ->> 'ended_at')::timestamptz from of_ada $$,
  $$ select 'PT410', 'expired', expires_at from stale where user_id = pg_temp.user_id('ada') $$,
  'B1: Ada''s session is over since its lease ran out'
);

select results_eq(
  $$ select code, detail ->> 'end_reason', (detail ->> 'ended_at')::timestamptz from of_ben $$,
  $$ select 'PT410', 'timed_out', expires_at from stale where user_id = pg_temp.user_id('ben') $$,
  'B1: Ben''s is over since its deadline, even with takeover'
);

select is_empty(
  $$ select session_id from public.active_interview_sessions
    where user_id in (pg_temp.user_id('ada'), pg_temp.user_id('ben')) and expires_at > clock_timestamp() $$,
  'B4: no session is live'
);

select * from finish();
rollback;
