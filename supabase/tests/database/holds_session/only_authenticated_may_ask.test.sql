begin;
select plan(6);

select volatility_is('public', 'holds_session', array['text', 'bigint'], 'stable', 'B5: it is stable, so that a policy may ask once for a whole statement');
select function_privs_are('public', 'holds_session', array['text', 'bigint'], 'authenticated', array['EXECUTE'], 'B8: authenticated may');
select function_privs_are('public', 'holds_session', array['text', 'bigint'], 'anon', array[]::text[], 'B8: anon may not');
select function_privs_are('public', 'holds_session', array['text', 'bigint'], 'service_role', array[]::text[], 'B8: service_role may not');

set local role anon;
set local request.jwt.claims to '{"role": "anon"}';

select throws_ok(
  $$ select public.holds_session('first') $$,
  '42501',
  'permission denied for function holds_session',
  'B8: anon is refused'
);

set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';

select throws_ok(
  $$ select public.holds_session('first') $$,
  '42501',
  'permission denied for function holds_session',
  'B8: service_role is refused'
);

select * from finish();
rollback;
