begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.create_users('ada');

select is(
  has_function_privilege(role_name, 'public.complete_session'::regproc, 'EXECUTE'), may,
  format('B8: %s %s execute it', role_name, case when may then 'may' else 'may not' end)
)
from (
  values
    ('authenticated', true),
    ('anon', false),
    ('service_role', false)
) as roles (role_name, may);

select pg_temp.authenticate_as('ada');
create temp table held as select * from public.start_session('held');

select pg_temp.act_as('anon');

select throws_ok(
  $$ select public.complete_session('held') $$,
  '42501',
  'permission denied for function complete_session',
  'B8: anon is refused'
);

select pg_temp.act_as('service_role', jsonb_build_object('sub', pg_temp.user_id('ada')));

select throws_ok(
  $$ select public.complete_session('held') $$,
  '42501',
  'permission denied for function complete_session',
  'B8: service_role is refused, even with a user in its claims'
);

select pg_temp.clear_authentication();

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from held',
  'B8: the session is unchanged'
);

select * from finish();
rollback;
