begin;
\ir ../helpers.psql
select plan(5);

-- given: two stale sessions, and no room in the history
delete from public.active_interview_sessions where true;
select
  pg_temp.create_user_with_session('ada', 'ada''s', '6 minutes'),
  pg_temp.create_user_with_session('ben', 'ben''s', '6 minutes');
create temp table stale as select * from public.active_interview_sessions;
create temp table runs as select * from sessions.reaper_runs;

create function pg_temp.no_room()
returns trigger
language plpgsql
as $$
begin
  raise disk_full using message = 'could not extend file';
end
$$;

create trigger no_room
  before insert on public.interview_session_history
  for each row
  execute function pg_temp.no_room();

-- when, then
select pg_temp.act_as('service_role');

select throws_ok(
  'select public.reap_stale_sessions()',
  '53100',
  'could not extend file',
  'M13: the run fails with the server''s error'
);

select pg_temp.clear_authentication();

select bag_eq('select * from public.active_interview_sessions', 'select * from stale', 'M13: no session is moved');
select bag_eq('select * from sessions.reaper_runs', 'select * from runs', 'M14: no session is counted as failed');

-- when: there is room again
drop trigger no_room on public.interview_session_history;
select pg_temp.act_as('service_role');
create temp table reaped as select * from public.reap_stale_sessions();
select pg_temp.clear_authentication();

-- then
select bag_eq('select session_id from reaped', array['ada''s', 'ben''s'], 'M13: the next run moves both');
select is_empty('select session_id from public.active_interview_sessions', 'M13: no stale session is left');

select * from finish();
rollback;
