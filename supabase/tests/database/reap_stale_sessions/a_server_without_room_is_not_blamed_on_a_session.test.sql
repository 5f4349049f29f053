begin;
select plan(5);

-- given: two stale sessions, and no room in the history
delete from public.active_interview_sessions where true;
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('bbbbbbbb-0000-4000-8000-000000000002');
insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
select id, 'stale', 1, now() - interval '6 minutes', now() - interval '6 minutes', now() + interval '9 minutes', now() - interval '1 minute'
from auth.users;
create temp table was as select * from public.active_interview_sessions;
create temp table runs as select * from sessions.reaper_runs;

create function pg_temp.no_room() returns trigger language plpgsql as $$
begin
  raise disk_full using message = 'could not extend file';
end
$$;
create trigger no_room before insert on public.interview_session_history
  for each row execute function pg_temp.no_room();

-- when, then
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
select throws_ok(
  'select public.reap_stale_sessions()',
  '53100',
  'could not extend file',
  'M13: the run ends, and says what is wrong with the server'
);
reset role;
select bag_eq('select * from public.active_interview_sessions', 'select * from was', 'M13: nothing was moved');
select bag_eq('select * from sessions.reaper_runs', 'select * from runs', 'M14: and no session is counted as one that cannot be reaped');

-- when there is room again
drop trigger no_room on public.interview_session_history;
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
create temp table later as select * from public.reap_stale_sessions();
reset role;

-- then
select is((select count(*) from later), 2::bigint, 'M13: the next run moves all');
select is_empty('select from public.active_interview_sessions', 'M13: and nothing is left');

select * from finish();
rollback;
