-- A table of the app refers to interviews.
begin;
\ir ../helpers.psql
select plan(5);

-- given: answers to an interview that is past its retention, and a stale session of somebody else
delete from public.active_interview_sessions where true;
delete from public.interviews where true;
delete from sessions.reaper_runs where true;
select
  pg_temp.create_users('ada'),
  pg_temp.create_user_with_session('ben', 'crashed', '6 minutes');
insert into public.interviews (user_id, interview_id, started_at, deadline_at, last_session_id)
values (pg_temp.user_id('ada'), 'exam', now() - interval '101 days', now() - interval '100 days', 'old');
create table public.answers_of_the_app (
  user_id uuid not null,
  interview_id text not null,
  foreign key (user_id, interview_id) references public.interviews
);
insert into public.answers_of_the_app values (pg_temp.user_id('ada'), 'exam');
delete from public.interview_session_history where true;
select pg_temp.add_ended_session('ada', 'old', now() - interval '101 days', now() - interval '100 days', 'expired');

-- when
select pg_temp.act_as('service_role');
create temp table reaped as select * from public.reap_stale_sessions();
select pg_temp.clear_authentication();

-- then
select results_eq('select session_id from reaped', $$ values ('crashed') $$, 'M13: what is stale is reaped');
select results_eq(
  'select reaped, pruned, prunes_failed from sessions.reaper_runs', 'values (1, 1, 1)',
  'M14: the history is pruned, and the run is recorded'
);
select is(
  (select status || ': ' || reason from public.session_health()), 'warning: The last run could not prune old rows; the server log says why.',
  'M14: the health says so'
);

-- when: the interview is started again
select pg_temp.authenticate_as('ada');
create temp table started as select * from public.start_session('new', interview_id => 'exam');
select pg_temp.clear_authentication();

-- then
select is(previous_session_id, null, 'C1: the forgotten interview starts afresh') from started;
select results_eq(
  $$ select started_at, deadline_at, last_session_id from pg_temp.interview('ada', 'exam') $$,
  'select created_at, deadline_at, session_id from started',
  'C1: with a clock of its own'
);

select * from finish();
rollback;
