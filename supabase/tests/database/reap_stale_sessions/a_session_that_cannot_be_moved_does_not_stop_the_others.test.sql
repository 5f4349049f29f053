-- The warning about the session goes to the server's log and to the caller, where SQL cannot read it.
begin;
\ir ../helpers.psql
select plan(9);

-- given: three stale sessions, the first of which cannot be moved
delete from public.active_interview_sessions where true;
select
  pg_temp.create_user_with_session('ada', 'cannot be moved', '6 minutes'),
  pg_temp.create_user_with_session('ben', 'second', '6 minutes'),
  pg_temp.create_user_with_session('cleo', 'third', '6 minutes');
create temp table before as select * from public.active_interview_sessions;
alter table public.interview_session_history add constraint cannot_be_moved check (session_id <> 'cannot be moved');

-- when
select pg_temp.act_as('service_role');
create temp table first as select * from public.reap_stale_sessions();
create temp table second as select * from public.reap_stale_sessions();
select pg_temp.clear_authentication();

-- then
select bag_eq(
  'select session_id, end_reason from first',
  $$ values ('second', 'expired'), ('third', 'expired') $$,
  'M13: the others are reaped'
);

select is_empty('select session_id from second', 'M13: then there is no other left');

select bag_eq(
  'select * from public.active_interview_sessions',
  $$ select * from before where session_id = 'cannot be moved' $$,
  'M13: the row is left as it was'
);

select is_empty($$ select session_id from pg_temp.history('ada') $$, 'B7: it is not in the history');

select results_eq(
  'select reaped, failed from sessions.reaper_runs order by id desc limit 2',
  'values (0, 0), (2, 1)',
  'M14: the run that tried it counts it as failed'
);

select pg_temp.authenticate_as('ada');

select ok(not public.holds_session('cannot be moved'), 'B1: the session is over all the same');

-- when: the cause is removed, and the next attempt is due
select pg_temp.clear_authentication();
alter table public.interview_session_history drop constraint cannot_be_moved;
update sessions.reap_failures set retry_at = now() where true;
select pg_temp.act_as('service_role');
create temp table third as select * from public.reap_stale_sessions();
select pg_temp.clear_authentication();

-- then
select results_eq('select session_id, end_reason from third', $$ values ('cannot be moved', 'expired') $$, 'M13: the next run moves it');
select is_empty('select session_id from public.active_interview_sessions', 'M13: no stale session is left');

select results_eq(
  'select reaped, failed from sessions.reaper_runs order by id desc limit 1',
  'values (1, 0)',
  'M14: that run has no failure'
);

select * from finish();
rollback;
