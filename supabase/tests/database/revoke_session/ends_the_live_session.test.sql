begin;
\ir ../helpers.psql
select plan(6);

-- given
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ben');
create temp table of_ben as select * from public.start_session('ben''s');

select pg_temp.authenticate_as('ada');
select from public.start_session('before');
select from public.start_session('held', takeover => true, device => 'Chrome on Windows');
create temp table held as select * from public.complete_session('held');
create temp table before as select clock_timestamp() as at;

-- when
select pg_temp.act_as('service_role');
create temp table revoked as
select * from public.revoke_session(pg_temp.user_id('ada'), 'Asked for by support.');

-- then
select pg_temp.clear_authentication();

select results_eq(
  'select user_id, session_id, fence, device, started_at, last_seen_at, status, previous_session_id from revoked',
  'select user_id, session_id, fence, device, created_at, updated_at, status, previous_session_id from held',
  'B7: the row has what the live row had'
);

select results_eq(
  $$ select r.end_reason, v.note, v.revoked_by, v.role
    from revoked r
    join sessions.revocations v using (user_id, session_id) $$,
  $$ values ('revoked', 'Asked for by support.', null::uuid, 'service_role') $$,
  'M17: it was revoked with the note; service_role is no user'
);

select ok(ended_at between before.at and clock_timestamp(), 'B7: it ended now by the server''s clock')
from revoked, before;

select results_eq(
  $$ select * from pg_temp.history('ada') where session_id = 'held' $$,
  'select * from revoked',
  'B7: the answer is what is stored'
);

select is_empty(
  $$ select * from pg_temp.active_session('ada') $$,
  'M17: there is no live session'
);

select results_eq(
  $$ select * from pg_temp.active_session('ben') $$,
  'select * from of_ben',
  'M8: another user''s session is unchanged'
);

select * from finish();
rollback;
