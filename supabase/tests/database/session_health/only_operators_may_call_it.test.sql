begin;
\ir ../helpers.psql
select plan(8);

select is(
  refusal.code || ' ' || refusal.message,
  '42501 permission denied for function ' || name,
  format('B8: %s is refused: %s', role_name, call)
)
from (
  values
    ('anon', 'select public.session_health()', 'session_health'),
    ('authenticated', 'select public.session_health()', 'session_health'),
    ('authenticated', 'select sessions.session_health()', 'session_health'),
    ('authenticated', 'select sessions.overlapping_sessions()', 'overlapping_sessions'),
    ('service_role', 'select sessions.overlapping_sessions()', 'overlapping_sessions')
) as calls (role_name, call, name)
cross join pg_temp.refusal_of(call, role_name) refusal;

select pg_temp.act_as('service_role');

select is((select count(*) from public.session_health()), 1::bigint, 'M14: service_role may call it and gets one row');

select pg_temp.clear_authentication();

select is((select count(*) from public.session_health()), 1::bigint, 'M14: so may postgres');
select lives_ok('select sessions.overlapping_sessions()', 'B7: postgres may look for overlaps');

select * from finish();
rollback;
