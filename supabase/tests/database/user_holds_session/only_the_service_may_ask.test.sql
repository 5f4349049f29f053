begin;
\ir ../helpers.psql
select plan(8);

-- given
select pg_temp.create_user_with_session('ada', 'held');

-- when, then
select is(
  has_function_privilege(role_name, 'public.user_holds_session'::regproc, 'EXECUTE'), may,
  format('B8: %s %s execute it', role_name, case when may then 'may' else 'may not' end)
)
from (
  values
    ('service_role', true),
    ('authenticated', false),
    ('anon', false)
) as roles (role_name, may);

select is(
  code || ' ' || message, '42501 permission denied for function user_holds_session',
  format('B8: %s is refused', role_name)
)
from (values ('anon'), ('authenticated')) as roles (role_name),
  pg_temp.refusal_of($$ select public.user_holds_session(pg_temp.user_id('ada'), 'held') $$, role_name);

select pg_temp.authenticate_as('ada');

select throws_ok(
  $$ select public.user_holds_session(pg_temp.user_id('ada'), 'held') $$,
  '42501', 'permission denied for function user_holds_session',
  'B8: a user is refused, even about their own session'
);

select pg_temp.act_as('service_role');

select ok(public.user_holds_session(pg_temp.user_id('ada'), 'held'), 'B5: service_role is told');

select is(public.user_holds_session(null, 'held'), false, 'B5: nobody holds a session');

select * from finish();
rollback;
