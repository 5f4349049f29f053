-- With a secret key: what a backend needs to verify and to report.
begin;
\ir ../helpers.psql
select plan(6);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('ended', interview_id => 'exam');
create temp table ended as select * from public.end_session('ended');
create temp table live as select * from public.start_session('live', interview_id => 'exam');
create temp table interview as select * from pg_temp.interview('ada', 'exam');
grant select on ended, live, interview to service_role;

-- when, then
select pg_temp.act_as('service_role');

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = pg_temp.user_id('ada') $$, 'select * from live',
  'B5: it can read live sessions'
);

select results_eq(
  $$ select * from public.interview_session_history where user_id = pg_temp.user_id('ada') $$, 'select * from ended',
  'B7: it can read the history'
);

select results_eq(
  $$ select * from public.interviews where user_id = pg_temp.user_id('ada') $$, 'select * from interview',
  'C1: it can read interviews'
);

select ok(public.user_holds_session(pg_temp.user_id('ada'), 'live', fence, 'exam'), 'B5: it can ask whether a user holds a session') from live;
select ok(not public.user_holds_session(pg_temp.user_id('ada'), 'ended'), 'B5: and is told if not');

select is(sessions.version(), '0.1.0', 'M14: it can ask which version is installed');

select * from finish();
rollback;
