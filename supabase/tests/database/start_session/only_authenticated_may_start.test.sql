begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.create_users('ada');

select is(
  has_function_privilege(role_name, 'public.start_session'::regproc, 'EXECUTE'), may,
  format('B8: %s %s execute it', role_name, case when may then 'may' else 'may not' end)
)
from (
  values
    ('authenticated', true),
    ('anon', false),
    ('service_role', false)
) as roles (role_name, may);

select pg_temp.act_as('anon');

select throws_ok(
  $$ select public.start_session('first') $$,
  '42501',
  'permission denied for function start_session',
  'B8: anon is refused'
);

select pg_temp.act_as('service_role', jsonb_build_object('sub', pg_temp.user_id('ada')));

select throws_ok(
  $$ select public.start_session('first') $$,
  '42501',
  'permission denied for function start_session',
  'B8: service_role is refused, even with a user in its claims'
);

select pg_temp.clear_authentication();

select is_empty(
  $$ select * from pg_temp.active_session('ada') $$,
  'B8: nothing is granted'
);

select * from finish();
rollback;
