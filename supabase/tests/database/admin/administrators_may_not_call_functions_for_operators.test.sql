begin;
\ir ../helpers.psql
select plan(4);

-- given: another user's live session
select pg_temp.create_user_with_session('ada', 'ada''s');
select pg_temp.authenticate_as('eve', '{"app_metadata": {"session_admin": true}}');

select throws_ok(
  'select public.reap_stale_sessions()', '42501', 'permission denied for function reap_stale_sessions',
  'B8: an administrator may not reap'
);

select throws_ok(
  'select public.session_health()', '42501', 'permission denied for function session_health',
  'B8: nor call session_health()'
);

select throws_ok(
  'select from sessions.settings', '42501', 'permission denied for table settings',
  'B8: nor read the settings'
);

select is_empty(
  'select user_id from public.active_interview_sessions',
  'B8: the tables show only the administrator''s own rows'
);

select * from finish();
rollback;
