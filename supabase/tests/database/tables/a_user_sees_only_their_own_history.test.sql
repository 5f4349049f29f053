begin;
\ir ../helpers.psql
select plan(9);

select policies_are(
  'public', 'interview_session_history', array['a user sees their own ended sessions'::name],
  'B7: there is one policy'
);

select bag_eq(
  $$ select permissive, roles::text[], cmd, with_check, qual like '%( SELECT auth.uid()%'
    from pg_policies
    where schemaname = 'public' and tablename = 'interview_session_history' $$,
  $$ values ('PERMISSIVE', array['authenticated'], 'SELECT', null, true) $$,
  'B7: it is for SELECT by authenticated, and evaluates auth.uid() once per query'
);

select ok(
  (select relrowsecurity from pg_class where oid = 'public.interview_session_history'::regclass),
  'B7: row level security is on'
);

-- given
select pg_temp.create_users('ada', 'ben', 'cleo');
select pg_temp.authenticate_as('ada');
select from public.start_session('ada''s');
create temp table adas as select * from public.end_session('ada''s');
select pg_temp.authenticate_as('ben');
select from public.start_session('ben''s');
create temp table bens as select * from public.end_session('ben''s');

-- then
select results_eq('select * from public.interview_session_history', 'select * from bens', 'B7: Ben sees his whole row');

select pg_temp.authenticate_as('ada');

select results_eq('select * from public.interview_session_history', 'select * from adas', 'B7: Ada sees hers');

select is_empty(
  $$ select session_id from public.interview_session_history where user_id = pg_temp.user_id('ben') $$,
  'B7: Ada does not see Ben''s, even by his id'
);

select pg_temp.authenticate_as('cleo');

select is_empty('select session_id from public.interview_session_history', 'B7: Cleo, who has none, sees none');

select pg_temp.act_as('anon');

select throws_ok(
  'select from public.interview_session_history',
  '42501', 'permission denied for table interview_session_history',
  'B8: anon is refused'
);

select pg_temp.act_as('service_role');

select bag_eq(
  $$ select session_id from public.interview_session_history
    where user_id in (pg_temp.user_id('ada'), pg_temp.user_id('ben')) $$,
  array['ada''s', 'ben''s'],
  'B8: service_role, which bypasses the policy, sees every user''s'
);

select * from finish();
rollback;
