begin;
\ir ../helpers.psql
select plan(5);

create temp view functions as
select p.*, p.pronamespace::regnamespace::text as schema, l.lanname as language
from pg_proc p
join pg_language l on l.oid = p.prolang
where p.pronamespace = 'sessions'::regnamespace
  or p.pronamespace = 'public'::regnamespace
    and p.proname in (select s.proname from pg_proc s where s.pronamespace = 'sessions'::regnamespace);

select is_empty(
  $$ select oid::regprocedure from functions where not coalesce(proconfig, '{}') @> array['search_path=pg_catalog, pg_temp'] $$,
  'B8: every function pins its search_path'
);

select is_empty(
  $$ select oid::regprocedure from functions where prosecdef and schema = 'public' $$,
  'B8: no function in public is SECURITY DEFINER'
);

select bag_eq(
  $$ select proname::text from functions where prosecdef and schema = 'sessions' $$,
  $$ values
    ('start_session'), ('heartbeat_session'), ('complete_session'), ('end_session'), ('holds_session'), ('user_holds_session'),
    ('revoke_session'), ('extend_interview'), ('reap_stale_sessions'), ('session_health'),
    ('claim_deliveries'), ('settle_deliveries'), ('list_deliveries'), ('retry_deliveries'), ('drop_deliveries'),
    ('admin_live_sessions'), ('admin_session_history'), ('admin_session_details'), ('admin_ended_sessions'),
    ('admin_session_health'), ('admin_revoke_session'), ('admin_extend_interview'), ('admin_reap_stale_sessions'),
    ('admin_list_deliveries'), ('admin_retry_deliveries') $$,
  'B8: the functions behind the API are, and no other'
);

select bag_eq(
  $$ select proname::text, case provolatile when 's' then 'stable' when 'v' then 'volatile' else 'immutable' end from functions where schema = 'public' $$,
  $$ values
    ('start_session', 'volatile'), ('heartbeat_session', 'volatile'), ('complete_session', 'volatile'),
    ('end_session', 'volatile'), ('holds_session', 'stable'), ('user_holds_session', 'stable'),
    ('revoke_session', 'volatile'), ('extend_interview', 'volatile'), ('reap_stale_sessions', 'volatile'), ('session_health', 'stable'),
    ('claim_deliveries', 'volatile'), ('settle_deliveries', 'volatile'), ('list_deliveries', 'stable'),
    ('retry_deliveries', 'volatile'), ('drop_deliveries', 'volatile'),
    ('admin_live_sessions', 'stable'), ('admin_session_history', 'stable'), ('admin_session_details', 'stable'),
    ('admin_ended_sessions', 'stable'), ('admin_session_health', 'stable'),
    ('admin_revoke_session', 'volatile'), ('admin_extend_interview', 'volatile'), ('admin_reap_stale_sessions', 'volatile'),
    ('admin_list_deliveries', 'stable'), ('admin_retry_deliveries', 'volatile') $$,
  'B8: functions that only read are stable, and can be called with GET; the others are volatile'
);

select bag_eq(
  $$ select proname::text from functions where proconfig @> array['lock_timeout=1100ms'] $$,
  $$ select proname::text from functions where prosecdef and provolatile = 'v'
     union all
     values ('lock_history'), ('switch_deliveries') $$,
  'M8: functions that take locks wait at most 1.1 seconds for each: less than the API''s 8 in all'
);

select * from finish();
rollback;
