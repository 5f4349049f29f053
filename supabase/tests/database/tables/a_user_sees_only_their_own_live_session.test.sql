begin;
select plan(12);

select policies_are(
  'public', 'active_interview_sessions', array['a user sees their own live session'::name],
  'M1: there is one policy'
);
select bag_eq(
  $$
    select permissive, roles::text[], cmd, qual, with_check
    from pg_policies
    where schemaname = 'public' and tablename = 'active_interview_sessions'
  $$,
  $$
    values (
      'PERMISSIVE', array['authenticated'], 'SELECT',
      '((user_id = ( SELECT auth.uid() AS uid)) AND (expires_at > now()))', null
    )
  $$,
  'M1: it lets a user read what is theirs and live, and asks who that is once a query'
);
select ok(
  (select relrowsecurity from pg_class where oid = 'public.active_interview_sessions'::regclass),
  'M1: row level security is on'
);

-- given: Ada and Ben have a live session each, Cleo had one and crashed, Dan never had any
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('bbbbbbbb-0000-4000-8000-000000000002'),
  ('cccccccc-0000-4000-8000-000000000003'),
  ('dddddddd-0000-4000-8000-000000000004');
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
create temp table ada as select * from public.start_session('ada''s');
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';
create temp table ben as select * from public.start_session('ben''s');
set local request.jwt.claims to '{"sub": "cccccccc-0000-4000-8000-000000000003", "role": "authenticated"}';
create temp table cleo as select * from public.start_session('cleo''s');
select results_eq(
  'select session_id from public.active_interview_sessions',
  $$ values ('cleo''s') $$,
  'M5: Cleo sees her session while it lives'
);
reset role;
update public.active_interview_sessions
set
  created_at = created_at - interval '6 minutes',
  updated_at = updated_at - interval '6 minutes',
  deadline_at = deadline_at - interval '6 minutes',
  expires_at = expires_at - interval '6 minutes'
where user_id = 'cccccccc-0000-4000-8000-000000000003';

-- then
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
select results_eq(
  'select * from public.active_interview_sessions',
  'select * from ada',
  'M1: Ada sees hers, whole'
);
select is_empty(
  $$ select from public.active_interview_sessions where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  'M1: and not Ben''s, even by name'
);
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';
select results_eq(
  'select * from public.active_interview_sessions',
  'select * from ben',
  'M1: Ben sees his'
);
set local request.jwt.claims to '{"sub": "cccccccc-0000-4000-8000-000000000003", "role": "authenticated"}';
select is_empty('select from public.active_interview_sessions', 'B1: Cleo does not see what is over, reaped or not');
set local request.jwt.claims to '{"sub": "dddddddd-0000-4000-8000-000000000004", "role": "authenticated"}';
select is_empty('select from public.active_interview_sessions', 'M1: Dan, who has none, sees none');
set local request.jwt.claims to '{"role": "authenticated"}';
select is_empty('select from public.active_interview_sessions', 'M1: a token that names no user shows none');

set local role anon;
set local request.jwt.claims to '{"role": "anon"}';
select throws_ok(
  'select from public.active_interview_sessions',
  '42501', 'permission denied for table active_interview_sessions',
  'B8: whoever is not signed in may not ask'
);
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
select throws_ok(
  'select from public.active_interview_sessions',
  '42501', 'permission denied for table active_interview_sessions',
  'B8: nor may the secret key, which has functions'
);

reset role;
select * from finish();
rollback;
