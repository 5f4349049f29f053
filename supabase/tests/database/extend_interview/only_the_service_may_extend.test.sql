begin;
\ir ../helpers.psql
select plan(8);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first', interview_id => 'exam');
create temp table before as select * from pg_temp.all_rows();
grant select on before to authenticated, service_role;
create temp table calls (call) as values
  ($$ select public.extend_interview(pg_temp.user_id('ada'), 'exam', '1 minute') $$);
grant select on calls to public;

-- when, then
select is(
  has_function_privilege(role_name, 'public.extend_interview'::regproc, 'EXECUTE'), may,
  format('B8: %s %s execute it', role_name, case when may then 'may' else 'may not' end)
)
from (
  values
    ('service_role', true),
    ('authenticated', false),
    ('anon', false)
) as roles (role_name, may);

select throws_ok(call, '42501', 'permission denied for function extend_interview', 'B8: a user is refused, even for their own interview')
from calls;

select pg_temp.act_as('anon');

select throws_ok(call, '42501', 'permission denied for function extend_interview', 'B8: anon is refused')
from calls;

select pg_temp.clear_authentication();

select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'B8: nothing has changed');

-- when: a backend acts for an administrator
select pg_temp.create_users('dan');
select pg_temp.act_as('service_role', jsonb_build_object('sub', pg_temp.user_id('dan')));
select from public.extend_interview(pg_temp.user_id('ada'), 'exam', '1 minute');
select pg_temp.clear_authentication();

-- then
select results_eq(
  'select role, extended_by, note from sessions.extensions',
  $$ values ('service_role', pg_temp.user_id('dan'), null::text) $$,
  'C1: the record says for whom'
);

select lives_ok(call, 'C1: postgres may extend an interview by hand')
from calls;

select * from finish();
rollback;
