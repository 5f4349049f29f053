begin;
\ir ../helpers.psql
select plan(6);

select is(
  (select provolatile from pg_proc where oid = 'public.holds_session'::regproc), 's',
  'B5: it is stable, so that a policy can ask once per statement'
);

select is(
  has_function_privilege(role_name, 'public.holds_session'::regproc, 'EXECUTE'), may,
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
  $$ select public.holds_session('first') $$,
  '42501',
  'permission denied for function holds_session',
  'B8: anon is refused'
);

select pg_temp.act_as('service_role');

select throws_ok(
  $$ select public.holds_session('first') $$,
  '42501',
  'permission denied for function holds_session',
  'B8: service_role is refused'
);

select * from finish();
rollback;
