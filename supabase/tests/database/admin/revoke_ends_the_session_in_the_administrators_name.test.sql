begin;
select plan(6);

-- given: Ada and Ben are in an interview; Dan administers
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('bbbbbbbb-0000-4000-8000-000000000002'),
  ('dddddddd-0000-4000-8000-000000000004');
set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';
create temp table bens as select * from public.start_session('ben''s');
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
create temp table adas as select * from public.start_session('ada''s', device => 'Chrome');

-- when
set local request.jwt.claims to
  '{"sub": "dddddddd-0000-4000-8000-000000000004", "role": "authenticated", "app_metadata": {"session_admin": true}}';
create temp table revoked as
select * from public.admin_revoke_session('aaaaaaaa-0000-4000-8000-000000000001', 'asked by phone');

-- then
select results_eq(
  'select user_id, session_id, device, end_reason, ended_by, note from revoked',
  $$ values (
    'aaaaaaaa-0000-4000-8000-000000000001'::uuid, 'ada''s', 'Chrome', 'revoked',
    'dddddddd-0000-4000-8000-000000000004'::uuid, 'asked by phone'
  ) $$,
  'M17: the answer says how it ended, by whom and why'
);
select is_empty(
  $$ select * from public.admin_revoke_session('aaaaaaaa-0000-4000-8000-000000000001') $$,
  'M17: there is nothing to end any more'
);
reset role;
select results_eq(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from revoked',
  'B7: the history has the same'
);
select is_empty(
  $$ select from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'M17: Ada''s session lives no more'
);
select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  'select * from bens',
  'M8: Ben''s goes on'
);

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
select throws_ok(
  $$ select public.heartbeat_session('ada''s') $$, 'PT410', 'This interview was ended by an administrator.',
  'M17: Ada is told with her next heartbeat'
);

select * from finish();
rollback;
