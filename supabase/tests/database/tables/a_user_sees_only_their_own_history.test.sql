begin;
select plan(9);

select policies_are(
  'public', 'interview_session_history', array['a user sees their own ended sessions'::name],
  'B7: there is one policy'
);
select bag_eq(
  $$
    select permissive, roles::text[], cmd, qual, with_check
    from pg_policies
    where schemaname = 'public' and tablename = 'interview_session_history'
  $$,
  $$ values ('PERMISSIVE', array['authenticated'], 'SELECT', '(user_id = ( SELECT auth.uid() AS uid))', null) $$,
  'B7: it lets a user read what is theirs, and asks who that is once a query'
);
select ok(
  (select relrowsecurity from pg_class where oid = 'public.interview_session_history'::regclass),
  'B7: row level security is on'
);

-- given
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('bbbbbbbb-0000-4000-8000-000000000002'),
  ('cccccccc-0000-4000-8000-000000000003');
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
create temp table ada_live as select * from public.start_session('ada''s');
create temp table ada as select * from public.end_session('ada''s');
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';
create temp table ben_live as select * from public.start_session('ben''s');
create temp table ben as select * from public.end_session('ben''s');

-- then
select results_eq('select * from public.interview_session_history', 'select * from ben', 'B7: Ben sees his, whole');
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
select results_eq('select * from public.interview_session_history', 'select * from ada', 'B7: Ada sees hers');
select is_empty(
  $$ select from public.interview_session_history where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  'B7: and not Ben''s, even by name'
);
set local request.jwt.claims to '{"sub": "cccccccc-0000-4000-8000-000000000003", "role": "authenticated"}';
select is_empty('select from public.interview_session_history', 'B7: Cleo, who has none, sees none');

set local role anon;
set local request.jwt.claims to '{"role": "anon"}';
select throws_ok(
  'select from public.interview_session_history',
  '42501', 'permission denied for table interview_session_history',
  'B8: whoever is not signed in may not ask'
);
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
select throws_ok(
  'select from public.interview_session_history',
  '42501', 'permission denied for table interview_session_history',
  'B8: nor may the secret key, which has functions'
);

reset role;
select * from finish();
rollback;
