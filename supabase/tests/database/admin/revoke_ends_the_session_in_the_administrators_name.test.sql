begin;
\ir ../helpers.psql
select plan(6);

-- given: Ada and Ben have a live session; Dan is an administrator
select pg_temp.create_users('ada', 'ben', 'dan');
select pg_temp.authenticate_as('ben');
create temp table bens as select * from public.start_session('ben''s');
select pg_temp.authenticate_as('ada');
select from public.start_session('ada''s', device => 'Chrome');

-- when
select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');
create temp table revoked as
select * from public.admin_revoke_session(pg_temp.user_id('ada'), 'asked by phone');

-- then
select results_eq(
  'select user_id, session_id, device, end_reason, ended_by, note from revoked',
  $$ values (pg_temp.user_id('ada'), 'ada''s', 'Chrome', 'revoked', pg_temp.user_id('dan'), 'asked by phone') $$,
  'M17: the answer says how the session ended, by whom and why'
);

select is_empty(
  $$ select * from public.admin_revoke_session(pg_temp.user_id('ada')) $$,
  'M17: a second revoke finds no live session'
);

select results_eq(
  $$ select * from pg_temp.history('ada') $$,
  'select * from revoked',
  'B7: the history has the same row'
);

select is_empty(
  $$ select from pg_temp.active_session('ada') $$,
  'M17: Ada has no live session'
);

select results_eq(
  $$ select * from pg_temp.active_session('ben') $$,
  'select * from bens',
  'M8: Ben''s session is unchanged'
);

select pg_temp.authenticate_as('ada');

select throws_ok(
  $$ select public.heartbeat_session('ada''s') $$, 'PT410', 'This interview was ended by an administrator.',
  'M17: Ada''s next heartbeat says so'
);

select * from finish();
rollback;
