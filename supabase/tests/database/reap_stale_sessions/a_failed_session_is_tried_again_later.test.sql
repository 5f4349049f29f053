begin;
\ir ../helpers.psql
select plan(8);

-- given: a stale session that cannot be moved
delete from public.active_interview_sessions where true;
alter table public.interview_session_history add constraint cannot_be_moved check (session_id <> 'bad');

create function pg_temp.wait_after_failing(overdue interval)
returns interval
language plpgsql
as $$
declare
  v_run sessions.reaper_runs;
begin
  delete from sessions.reap_failures where true;
  update public.active_interview_sessions
  set deadline_at = now(), expires_at = clock_timestamp() - overdue
  where session_id = 'bad';
  perform public.reap_stale_sessions();
  select * into v_run from sessions.reaper_runs r order by r.ran_at desc, r.id desc limit 1;
  return (select date_trunc('second', f.retry_at - v_run.ran_at) from sessions.reap_failures f);
end
$$;

select pg_temp.create_user_with_session('ada', 'bad', '6 minutes');

-- when, then
select is(pg_temp.wait_after_failing('1 second'), '2 minutes', 'M13: at first it waits two minutes');
select is(pg_temp.wait_after_failing('3 minutes'), '3 minutes', 'M13: then as long again as it has been overdue');
select is(pg_temp.wait_after_failing('10 hours'), '10 hours', 'M13: so that the wait doubles');
select is(pg_temp.wait_after_failing('40 days'), '1 day', 'M13: up to a day');

-- when: it is not due
create temp table runs as select * from sessions.reaper_runs;
select from public.reap_stale_sessions();

-- then
select results_eq(
  'select failed from sessions.reaper_runs except all select failed from runs', 'values (0)',
  'M13: before that, no call tries it'
);

-- when: its user starts again before the reaper succeeds
alter table public.interview_session_history drop constraint cannot_be_moved;
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('next');

-- then
select is(session_id, 'next', 'B1: a start moves it, although the reaper waits')
from granted;

-- when: the next session crashes, too
select pg_temp.clear_authentication();
select pg_temp.age_session('ada', '6 minutes');

-- then
select results_eq(
  'select session_id from public.reap_stale_sessions()', $$ values ('next') $$,
  'M13: a failure is one of that session and holds up no later one'
);

-- when: a day passes
update sessions.reap_failures set retry_at = now() where true;
select from public.reap_stale_sessions();

-- then
select is_empty('select from sessions.reap_failures', 'M13: a failure of a session that is gone is forgotten');

select * from finish();
rollback;
