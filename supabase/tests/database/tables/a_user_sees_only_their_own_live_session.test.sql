begin;
\ir ../helpers.psql
select plan(12);

select policies_are(
  'public', 'active_interview_sessions', array['a user sees their own live session'::name],
  'M1: there is one policy'
);

select bag_eq(
  $$ select permissive, roles::text[], cmd, with_check, qual like '%( SELECT auth.uid()%'
    from pg_policies
    where schemaname = 'public' and tablename = 'active_interview_sessions' $$,
  $$ values ('PERMISSIVE', array['authenticated'], 'SELECT', null, true) $$,
  'M1: it is for SELECT by authenticated, and evaluates auth.uid() once per query'
);

select ok(
  (select relrowsecurity from pg_class where oid = 'public.active_interview_sessions'::regclass),
  'M1: row level security is on'
);

-- given: Ada and Ben have a live session, Cleo's lease runs out, Dan has never had a session
select pg_temp.create_users('ada', 'ben', 'cleo', 'dan');
select pg_temp.authenticate_as('ada');
create temp table adas as select * from public.start_session('ada''s');
select pg_temp.authenticate_as('ben');
create temp table bens as select * from public.start_session('ben''s');
select pg_temp.authenticate_as('cleo');
select from public.start_session('cleo''s');

select results_eq(
  'select session_id from public.active_interview_sessions',
  $$ values ('cleo''s') $$,
  'M5: Cleo sees her session while it is live'
);

select pg_temp.age_session('cleo', '6 minutes');

-- then
select is_empty('select session_id from public.active_interview_sessions', 'B1: Cleo does not see it once it is over, reaped or not');

select pg_temp.authenticate_as('ada');

select results_eq('select * from public.active_interview_sessions', 'select * from adas', 'M1: Ada sees her whole row');

select is_empty(
  $$ select session_id from public.active_interview_sessions where user_id = pg_temp.user_id('ben') $$,
  'M1: Ada does not see Ben''s, even by his id'
);

select pg_temp.authenticate_as('ben');

select results_eq('select * from public.active_interview_sessions', 'select * from bens', 'M1: Ben sees his');

select pg_temp.authenticate_as('dan');

select is_empty('select session_id from public.active_interview_sessions', 'M1: Dan, who has none, sees none');

select pg_temp.act_as('authenticated');

select is_empty('select session_id from public.active_interview_sessions', 'M1: a token without a user sees none');

select pg_temp.act_as('anon');

select throws_ok(
  'select from public.active_interview_sessions',
  '42501', 'permission denied for table active_interview_sessions',
  'B8: anon is refused'
);

select pg_temp.act_as('service_role');

select bag_eq(
  $$ select session_id from public.active_interview_sessions
    where user_id in (pg_temp.user_id('ada'), pg_temp.user_id('ben'), pg_temp.user_id('cleo')) $$,
  array['ada''s', 'ben''s', 'cleo''s'],
  'B8: service_role, which bypasses the policy, sees every user''s, stale ones too'
);

select * from finish();
rollback;
