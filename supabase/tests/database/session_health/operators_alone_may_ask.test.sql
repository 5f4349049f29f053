begin;
select plan(8);

set local role anon;
set local request.jwt.claims to '{"role": "anon"}';
select throws_ok('select public.session_health()', '42501', 'permission denied for function session_health', 'B8: anon may not');
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
select throws_ok('select public.session_health()', '42501', 'permission denied for function session_health', 'B8: a user may not');
select throws_ok('select sessions.session_health()', '42501', 'permission denied for function session_health', 'B8: nor go round the API');
select throws_ok(
  'select sessions.overlapping_sessions()', '42501', 'permission denied for function overlapping_sessions',
  'B8: nor look for overlaps'
);

set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
select is((select count(*) from public.session_health()), 1::bigint, 'M14: the secret key may, and gets one row');
select throws_ok(
  'select sessions.overlapping_sessions()', '42501', 'permission denied for function overlapping_sessions',
  'B8: overlaps are for postgres'
);
reset role;
select is((select count(*) from public.session_health()), 1::bigint, 'M14: postgres may, too');
select lives_ok('select sessions.overlapping_sessions()', 'B7: and look for overlaps');

select * from finish();
rollback;
