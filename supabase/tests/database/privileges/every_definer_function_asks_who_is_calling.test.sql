-- Structurally: the first that its body asks, comments left out; two leave it to the function that they call. Their behaviour is in the two files beside this one.
begin;
select plan(2);

create temp view definers as
select
  p.proname::text as name,
  substring(regexp_replace(p.prosrc, '--[^\n]*', '', 'g') from '(sessions\.(?:caller|held_caller|operator|session_health|revoke_session)|auth\.uid)\(') as asks,
  regexp_replace(p.prosrc, '--[^\n]*', '', 'g') as body
from pg_proc p
where p.pronamespace in ('sessions'::regnamespace, 'public'::regnamespace) and p.prosecdef;

select bag_eq(
  'select name, asks from definers',
  $$
    values
      ('start_session', 'sessions.held_caller'),
      ('heartbeat_session', 'sessions.caller'),
      ('complete_session', 'sessions.caller'),
      ('end_session', 'sessions.held_caller'),
      ('holds_session', 'auth.uid'),
      ('revoke_session', 'sessions.operator'),
      ('reap_stale_sessions', 'sessions.operator'),
      ('session_health', 'sessions.operator'),
      ('admin_live_sessions', 'sessions.operator'),
      ('admin_ended_sessions', 'sessions.operator'),
      ('admin_session_health', 'sessions.session_health'),
      ('admin_revoke_session', 'sessions.revoke_session')
  $$,
  'B8: each definer function asks who is calling'
);
select is_empty(
  $$ select name from definers where body ~* '\mexecute\M' $$,
  'B8: none of them puts a statement together from text'
);

select * from finish();
rollback;
