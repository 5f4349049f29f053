-- If a run moved all of its batch, however slow a trigger of the app makes that, the caller's statement_timeout would undo
-- it, and the next run would begin with the same sessions.
begin;
\ir ../helpers.psql
select plan(3);

-- given: 120 stale sessions, and a trigger that takes 3.1 s for the first 50
delete from public.active_interview_sessions where true;
select pg_temp.create_user_with_session('user ' || n, 'slow', '6 minutes') from generate_series(1, 120) n;
create function pg_temp.wait()
returns trigger
language plpgsql
as $$
begin
  perform pg_sleep(3.1 / 50);
  return new;
end
$$;
create trigger wait before insert on public.interview_session_history for each row execute function pg_temp.wait();

-- when
create temp table reaped as select * from public.reap_stale_sessions();

-- then
select is((select count(*) from reaped), 50::bigint, 'M13: what was moved in three seconds is kept');

select results_eq(
  'select reaped, failed from sessions.reaper_runs order by ran_at desc, id desc limit 1', 'values (50, 0)',
  'M13: the others did not fail'
);

-- when: it is fast again
drop trigger wait on public.interview_session_history;

-- then
select is((select count(*) from public.reap_stale_sessions()), 70::bigint, 'M13: the next run takes the others');

select * from finish();
rollback;
