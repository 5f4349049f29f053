begin;
\ir ../helpers.psql
select plan(39);

-- given: a user with a live session and an ended one
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('ended');
create temp table ended as select * from public.end_session('ended');
create temp table live as select * from public.start_session('live', interview_id => 'exam');
create temp table interview as select * from pg_temp.interview('ada', 'exam');
select pg_temp.clear_authentication();

create temp table attempts as
select t.name, s.statement
from (values ('active_interview_sessions'), ('interview_session_history'), ('interviews')) as t (name)
cross join (
  values
    ('insert into public.%I (user_id) values (pg_temp.user_id(''ada''))'),
    ('update public.%I set user_id = ''00000000-0000-0000-0000-000000000000'' where user_id = pg_temp.user_id(''ada'')'),
    ('delete from public.%I where user_id = pg_temp.user_id(''ada'')'),
    ('truncate public.%I')
) as s (statement);
grant select on attempts to public;

-- when, then
select pg_temp.act_as('anon');

select throws_ok(
  format(statement, name), '42501', 'permission denied for table ' || name,
  'B8: anon is refused: ' || format(statement, name)
)
from attempts;

select pg_temp.authenticate_as('ada');

select throws_ok(
  format(statement, name), '42501', 'permission denied for table ' || name,
  'M1: a user is refused, even their own rows: ' || format(statement, name)
)
from attempts;

select pg_temp.act_as('service_role');

select throws_ok(
  format(statement, name), '42501', 'permission denied for table ' || name,
  'B8: service_role is refused: ' || format(statement, name)
)
from attempts;

select pg_temp.clear_authentication();

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from live',
  'M1: the live session is unchanged'
);

select results_eq(
  $$ select * from pg_temp.history('ada') $$,
  'select * from ended',
  'B7: the history is unchanged'
);

select results_eq(
  $$ select * from pg_temp.interview('ada', 'exam') $$,
  'select * from interview',
  'C1: the interview is unchanged'
);

select * from finish();
rollback;
