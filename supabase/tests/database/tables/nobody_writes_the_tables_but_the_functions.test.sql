begin;
select plan(26);

-- given: a user with a live session and an ended one
insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
create temp table ended_live as select * from public.start_session('ended');
create temp table ended as select * from public.end_session('ended');
create temp table live as select * from public.start_session('live');
reset role;

create temp table attempts as
select t.name, s.statement
from (values ('active_interview_sessions'), ('interview_session_history')) as t (name)
cross join (
  values
    ('insert into public.%I (user_id) values (''aaaaaaaa-0000-4000-8000-000000000001'')'),
    ('update public.%I set session_id = ''forged'' where user_id = ''aaaaaaaa-0000-4000-8000-000000000001'''),
    ('delete from public.%I where user_id = ''aaaaaaaa-0000-4000-8000-000000000001'''),
    ('truncate public.%I')
) as s (statement);
grant select on attempts to public;

-- when, then
set local role anon;
set local request.jwt.claims to '{"role": "anon"}';
select throws_ok(
  format(statement, name), '42501', 'permission denied for table ' || name,
  'B8: anon: ' || format(statement, name)
)
from attempts;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
select throws_ok(
  format(statement, name), '42501', 'permission denied for table ' || name,
  'M1: a user, even their own: ' || format(statement, name)
)
from attempts;

set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
select throws_ok(
  format(statement, name), '42501', 'permission denied for table ' || name,
  'B8: the secret key: ' || format(statement, name)
)
from attempts;

reset role;
select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from live',
  'M1: the live session is as it was'
);
select results_eq(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from ended',
  'B7: the history is as it was'
);

select * from finish();
rollback;
