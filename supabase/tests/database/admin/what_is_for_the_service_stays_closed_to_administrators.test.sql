begin;
select plan(4);

set local role authenticated;
set local request.jwt.claims to
  '{"sub": "eeeeeeee-0000-4000-8000-000000000005", "role": "authenticated", "app_metadata": {"session_admin": true}}';

select throws_ok(
  'select public.reap_stale_sessions()', '42501', 'permission denied for function reap_stale_sessions',
  'B8: an administrator does not reap'
);
select throws_ok(
  'select public.session_health()', '42501', 'permission denied for function session_health',
  'B8: nor call what is for the secret key'
);
select throws_ok(
  'select from sessions.settings', '42501', 'permission denied for table settings',
  'B8: nor read the settings'
);
select is_empty(
  $$ select from public.active_interview_sessions where user_id <> 'eeeeeeee-0000-4000-8000-000000000005' $$,
  'B8: and the tables show no more than to anybody'
);

select * from finish();
rollback;
