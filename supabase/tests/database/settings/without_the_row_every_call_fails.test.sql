-- Somebody has switched the triggers off.
begin;
\ir ../helpers.psql
select plan(7);

-- given: a live session, a stale one, and an interview; then the row is gone
select
  pg_temp.create_user_with_session('ada', 'live'),
  pg_temp.create_user_with_session('ben', 'stale', '6 minutes'),
  pg_temp.create_users('cleo');
select pg_temp.authenticate_as('ada');
select from public.start_session('exam''s', takeover => true, interview_id => 'exam');
select pg_temp.clear_authentication();
alter table sessions.settings disable trigger all;
delete from sessions.settings where true;
create temp table before as select * from pg_temp.all_rows();

create temp table calls (role_name, call) as values
  ('authenticated', $$ select public.start_session('exam''s') $$),
  ('authenticated', $$ select public.start_session('next', takeover => true) $$),
  ('authenticated', $$ select public.start_session('next', takeover => true, interview_id => 'exam') $$),
  ('authenticated', $$ select public.heartbeat_session('exam''s') $$),
  ('authenticated', $$ select public.complete_session('exam''s') $$),
  ('authenticated', $$ select public.end_session('exam''s') $$),
  ('authenticated', $$ select public.end_session('never known', 'completed') $$),
  ('service_role', $$ select public.extend_interview(pg_temp.user_id('ada'), 'exam', '1 minute') $$),
  ('service_role', $$ select public.reap_stale_sessions() $$);

-- when
create temp table refusals as
select calls.*, refusal.*
from calls,
  pg_temp.refusal_of(call, role_name, jsonb_build_object('sub', pg_temp.user_id('ada'))) refusal;

-- then
select is_empty(
  $$ select * from refusals
    where (code, message) is distinct from ('55000', 'sessions.settings has no row. Nothing was changed.') $$,
  'M10: every call that needs it fails, and names the cause'
);

select set_eq(
  'select hint from refusals',
  array['Apply the migrations of interview sessions again, or insert the row: insert into sessions.settings default values.'],
  'M10: the hint says what to do'
);

select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'M10: nothing has changed: no session is ended for one that cannot be granted');

select results_eq(
  'select status, reason, live from public.session_health()',
  $$ values ('critical', 'The health could not be determined: sessions.settings has no row. Nothing was changed. (55000)', null::bigint) $$,
  'B2: the health is critical, and shows no figure'
);

select pg_temp.authenticate_as('ada');

select ok(public.holds_session('exam''s'), 'B5: what needs no settings still answers');

-- when: as the hint says
select pg_temp.clear_authentication();
insert into sessions.settings default values;
select pg_temp.authenticate_as('ada');

-- then
select is(session_id, 'exam''s', 'M10: with the row back, the session goes on')
from public.heartbeat_session('exam''s');

select pg_temp.clear_authentication();

select isnt((select live from public.session_health()), null, 'B2: and the health can be determined');

select * from finish();
rollback;
