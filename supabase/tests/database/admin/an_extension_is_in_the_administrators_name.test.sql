begin;
\ir ../helpers.psql
select plan(5);

-- given
select pg_temp.create_users('ada', 'dan');
select pg_temp.authenticate_as('ada');
create temp table before as select * from public.start_session('ada''s', interview_id => 'exam');

-- when
select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');
create temp table extended as
select * from public.admin_extend_interview(pg_temp.user_id('ada'), 'exam', '10 minutes', 'asked by phone');

-- then
select results_eq(
  'select deadline_at from extended',
  $$ select deadline_at + interval '10 minutes' from before $$,
  'C1: the answer has the new deadline'
);
select results_eq(
  $$ select deadline_at from pg_temp.active_session('ada') $$,
  'select deadline_at from extended',
  'C1: the live session has it, too'
);
select is_empty(
  $$ select * from public.admin_extend_interview(pg_temp.user_id('ada'), 'another', '10 minutes') $$,
  'C1: no such interview: no row'
);
select throws_ok(
  $$ select public.admin_extend_interview(pg_temp.user_id('ada'), 'exam', '-1 minute') $$,
  '22023', 'by must be an interval from 1 microsecond to 365 days.',
  'C1: nothing takes time away'
);

select pg_temp.clear_authentication();
select results_eq(
  $$ select extended_by, role, extended, note from sessions.extensions where user_id = pg_temp.user_id('ada') $$,
  $$ values (pg_temp.user_id('dan'), 'authenticated', interval '10 minutes', 'asked by phone') $$,
  'M17: the operators'' record says by whom and why'
);

select * from finish();
rollback;
