-- The user was deleted with foreign keys switched off.
begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_user_with_session('ada', 'orphan');
alter table public.active_interview_sessions drop constraint active_interview_sessions_user_id_fkey;
delete from auth.users where id = pg_temp.user_id('ada');

-- when, then
select pg_temp.act_as('service_role');
select from public.revoke_session(pg_temp.user_id('ada'), session_id => 'another');
select is((select session_id from pg_temp.active_session('ada')), 'orphan', 'W16: it stays if another session was named');

-- when
create temp table revoked as select * from public.revoke_session(pg_temp.user_id('ada'));
select pg_temp.clear_authentication();

-- then
select is_empty('select * from revoked', 'M13: it has no history without its user');
select is_empty(
  $$ select * from public.active_interview_sessions where user_id = pg_temp.user_id('ada') $$,
  'M13: but it does not stay'
);

select * from finish();
rollback;
