-- Without an error: a trigger that returns null skips the delete.
begin;
\ir ../helpers.psql
select plan(6);

-- given: two stale sessions; a trigger of the app keeps one
delete from public.active_interview_sessions where true;
delete from sessions.reaper_runs where true;
select
  pg_temp.create_user_with_session('ada', 'kept', '6 minutes'),
  pg_temp.create_user_with_session('ben', 'crashed', '6 minutes');
create function pg_temp.keep()
returns trigger
language plpgsql
as $$
begin
  return case when old.session_id <> 'kept' then old end;
end
$$;
create trigger keep before delete on public.active_interview_sessions for each row execute function pg_temp.keep();

-- when
select pg_temp.act_as('service_role');
create temp table reaped as select * from public.reap_stale_sessions();
create temp table again as select * from public.reap_stale_sessions();
select pg_temp.clear_authentication();

-- then
select results_eq('select session_id from reaped', $$ values ('crashed') $$, 'M13: the other is reaped');
select is_empty('select session_id from again', 'M13: once');

select results_eq(
  'select reaped, failed from sessions.reaper_runs order by ran_at, id', 'values (1, 1), (0, 0)',
  'M14: the row that was kept counts as failed, and is not tried again at once'
);

select is(count(*), 1::bigint, 'M13: the time of its next attempt is recorded')
from sessions.reap_failures f
join pg_temp.active_session('ada') a on a.fence = f.fence;

select is_empty($$ select session_id from pg_temp.history('ada') $$, 'B7: it is not in the history');

-- when: the trigger is gone, and the next attempt is due
drop trigger keep on public.active_interview_sessions;
update sessions.reap_failures set retry_at = now() where true;
create temp table later as select * from public.reap_stale_sessions();

-- then
select results_eq('select session_id from later', $$ values ('kept') $$, 'M13: then it is reaped');

select * from finish();
rollback;
