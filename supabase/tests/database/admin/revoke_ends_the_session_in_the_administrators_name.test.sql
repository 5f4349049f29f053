begin;
\ir ../helpers.psql
select plan(7);

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
  'select user_id, session_id, device, end_reason from revoked',
  $$ values (pg_temp.user_id('ada'), 'ada''s', 'Chrome', 'revoked') $$,
  'M17: the answer says how the session ended'
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

select pg_temp.clear_authentication();

select results_eq(
  $$ select v.session_id, v.revoked_at, v.revoked_by, v.role, v.note
    from sessions.revocations v
    where v.user_id = pg_temp.user_id('ada') $$,
  $$ select 'ada''s', ended_at, pg_temp.user_id('dan'), 'authenticated', 'asked by phone' from revoked $$,
  'M17: the operators'' record says when, by whom and why'
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
