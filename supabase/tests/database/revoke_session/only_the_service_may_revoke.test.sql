begin;
\ir ../helpers.psql
select plan(7);

select pg_temp.create_users('ada');

select is(
  has_function_privilege(role_name, 'public.revoke_session'::regproc, 'EXECUTE'), may,
  format('B8: %s %s execute it', role_name, case when may then 'may' else 'may not' end)
)
from (
  values
    ('service_role', true),
    ('authenticated', false),
    ('anon', false)
) as roles (role_name, may);

select pg_temp.authenticate_as('ada');
create temp table held as select * from public.start_session('held');

select throws_ok(
  $$ select public.revoke_session(pg_temp.user_id('ada')) $$,
  '42501',
  'permission denied for function revoke_session',
  'B8: a user is refused, even for their own session'
);

select pg_temp.act_as('anon');

select throws_ok(
  $$ select public.revoke_session(pg_temp.user_id('ada')) $$,
  '42501',
  'permission denied for function revoke_session',
  'B8: anon is refused'
);

select pg_temp.clear_authentication();

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from held',
  'B8: the session is unchanged'
);

select pg_temp.act_as('service_role');

select is(session_id, 'held', 'B8: service_role ends it')
from public.revoke_session(pg_temp.user_id('ada'));

select * from finish();
rollback;
