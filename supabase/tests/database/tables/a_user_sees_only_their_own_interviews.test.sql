begin;
\ir ../helpers.psql
select plan(8);

select policies_are(
  'public', 'interviews', array['a user sees their own interviews'::name],
  'C1: there is one policy'
);

select bag_eq(
  $$ select permissive, roles::text[], cmd, with_check, qual like '%( SELECT auth.uid()%'
    from pg_policies
    where schemaname = 'public' and tablename = 'interviews' $$,
  $$ values ('PERMISSIVE', array['authenticated'], 'SELECT', null, true) $$,
  'C1: it is for SELECT by authenticated, and evaluates auth.uid() once per query'
);

select ok(
  (select relrowsecurity from pg_class where oid = 'public.interviews'::regclass),
  'C1: row level security is on'
);

-- given
select pg_temp.create_users('ada', 'ben', 'cleo');
select pg_temp.authenticate_as('ada');
select from public.start_session('ada''s', interview_id => 'exam');
select from public.end_session('ada''s', 'completed');
create temp table adas as select * from pg_temp.interview('ada', 'exam');
select pg_temp.authenticate_as('ben');
select from public.start_session('ben''s', interview_id => 'exam');
create temp table bens as select * from pg_temp.interview('ben', 'exam');

-- then
select results_eq('select * from public.interviews', 'select * from bens', 'C1: Ben sees his whole row');

select pg_temp.authenticate_as('ada');

select results_eq('select * from public.interviews', 'select * from adas', 'C1: Ada sees hers, also after it was submitted');

select is_empty(
  $$ select interview_id from public.interviews where user_id = pg_temp.user_id('ben') $$,
  'C1: Ada does not see Ben''s, even by his id'
);

select pg_temp.authenticate_as('cleo');

select is_empty('select interview_id from public.interviews', 'C1: Cleo, who has none, sees none');

select pg_temp.act_as('anon');

select throws_ok(
  'select from public.interviews', '42501', 'permission denied for table interviews',
  'B8: anon is refused'
);

select * from finish();
rollback;
