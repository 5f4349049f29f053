begin;
\ir ../helpers.psql
select plan(4);

-- given: all that a user can leave
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ben');
select from public.start_session('ben''s', interview_id => 'exam');
select pg_temp.authenticate_as('ada');
select from public.start_session('revoked', interview_id => 'exam');
select pg_temp.act_as('service_role');
select from public.extend_interview(pg_temp.user_id('ada'), 'exam', '1 minute', 'a note');
select from public.revoke_session(pg_temp.user_id('ada'), 'a note');
select pg_temp.authenticate_as('ada');
select from public.start_session('live', interview_id => 'exam');
select from public.end_session('never known');
select pg_temp.clear_authentication();
create temp table hers as
select table_name, contents from pg_temp.all_rows() where contents ->> 'user_id' = pg_temp.user_id('ada')::text;

select set_eq(
  'select table_name from hers',
  array['active_interview_sessions', 'interview_session_history', 'interviews', 'early_ends', 'revocations', 'extensions'],
  'C1: Ada has rows in six tables'
);

-- when
delete from auth.users where id = pg_temp.user_id('ada');

-- then
select is_empty(
  $$ select * from pg_temp.all_rows() where contents ->> 'user_id' = pg_temp.user_id('ada')::text $$,
  'M13: all of them are deleted with her'
);

select isnt_empty($$ select from pg_temp.interview('ben', 'exam') $$, 'M8: another user''s interview is not');

-- when
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');

-- then
select is(previous_session_id, null, 'C1: a new user of the same id begins anew')
from public.start_session('live', interview_id => 'exam');

select * from finish();
rollback;
