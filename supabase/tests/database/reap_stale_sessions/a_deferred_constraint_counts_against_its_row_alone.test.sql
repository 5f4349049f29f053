begin;
\ir ../helpers.psql
select plan(3);

-- given: a constraint trigger of the app that refuses a row at the commit
delete from public.active_interview_sessions where true;
delete from sessions.reaper_runs where true;
select
  pg_temp.create_user_with_session('ada', 'bad', '6 minutes'),
  pg_temp.create_user_with_session('ben', 'crashed', '6 minutes');
create function pg_temp.refuse()
returns trigger
language plpgsql
as $$
begin
  if new.session_id = 'bad' then
    raise exception 'The app refuses it.';
  end if;
  return null;
end
$$;
create constraint trigger refuse after insert on public.interview_session_history
  deferrable initially deferred for each row execute function pg_temp.refuse();

-- when
select pg_temp.act_as('service_role');
create temp table reaped as select * from public.reap_stale_sessions();
select pg_temp.clear_authentication();

-- then
select results_eq('select session_id from reaped', $$ values ('crashed') $$, 'M13: the other is reaped, and nothing else is said to be');
select lives_ok('set constraints all immediate', 'M13: the commit does not fail');
select results_eq('select reaped, failed from sessions.reaper_runs', 'values (1, 1)', 'M14: the refused one counts as failed');

select * from finish();
rollback;
