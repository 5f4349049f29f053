-- The end comes after the lease has run out, and the reaper has not run.
begin;
\ir ../helpers.psql
select plan(4);

-- given: Ada's session has expired, Ben's has timed out while completing
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('late');
select pg_temp.clear_authentication();
update sessions.settings set max_duration = '5 minutes', completing_grace = '5 minutes' where true;
select pg_temp.authenticate_as('ben');
select from public.start_session('late');
select from public.complete_session('late');
select pg_temp.clear_authentication();
select pg_temp.age_session('ada', '7 minutes');
select pg_temp.age_session('ben', '7 minutes');

create temp table adas as select * from pg_temp.active_session('ada');
create temp table bens as select * from pg_temp.active_session('ben');

-- when
select pg_temp.authenticate_as('ada');
create temp table ended as select * from public.end_session('late', 'completed');
create temp table ended_again as select * from public.end_session('late', 'disconnected');

select pg_temp.authenticate_as('ben');
create temp table bens_ended as select * from public.end_session('late');

-- then
select pg_temp.clear_authentication();

select results_eq(
  'select session_id, fence, started_at, last_seen_at, ended_at, status, end_reason from ended',
  $$ select session_id, fence, created_at, updated_at, expires_at, status, 'expired' from adas $$,
  'B1: Ada''s session expired when its lease ran out, whatever reason is given'
);

select results_eq(
  'select session_id, fence, started_at, last_seen_at, ended_at, status, end_reason from bens_ended',
  $$ select session_id, fence, created_at, updated_at, expires_at, 'completing', 'timed_out' from bens $$,
  'B1: Ben''s timed out at its deadline and is not completed'
);

select results_eq(
  'select * from ended_again',
  'select * from ended',
  'R12: a second end has the same answer'
);

select results_eq(
  $$ select * from pg_temp.history('ada') $$,
  'select * from ended',
  'B7: the session has one row in the history'
);

select * from finish();
rollback;
