-- A trigger of the app that waits before it fails. If a run tried all rows, the caller's statement_timeout would undo it,
-- and the next run would try the same rows again.
begin;
\ir ../helpers.psql
select plan(4);

-- given: four stale sessions, and a trigger that refuses each after 1.6 s
delete from public.active_interview_sessions where true;
select pg_temp.create_user_with_session('user ' || n, 'slow', '6 minutes') from generate_series(1, 4) n;
create function pg_temp.refuse()
returns trigger
language plpgsql
as $$
begin
  perform pg_sleep(1.6);
  raise check_violation using message = 'The app does not want this row.';
end
$$;
create trigger refuse before insert on public.interview_session_history for each row execute function pg_temp.refuse();

-- when
create temp table reaped as select * from public.reap_stale_sessions();

-- then
select is_empty('select session_id from reaped', 'M13: none can be moved');

select results_eq(
  'select failed from sessions.reaper_runs order by ran_at desc, id desc limit 1', 'values (1)',
  'M13: the run ends after the first, which took too long'
);

select is((select count(*) from sessions.reap_failures), 1::bigint, 'M13: only what was tried waits for its next attempt');

-- when: the cause is removed
drop trigger refuse on public.interview_session_history;

-- then
select is((select count(*) from public.reap_stale_sessions()), 3::bigint, 'M13: the next run takes the others');

select * from finish();
rollback;
