begin;
\ir ../helpers.psql
select plan(9);

-- given: Ada's interview was left and continued; Dan gave more time and ended it; Ben took a session over
select pg_temp.create_users('ada', 'ben', 'dan');
update auth.users set email = 'dan@admin.example' where id = pg_temp.user_id('dan');
select pg_temp.authenticate_as('ada');
select from public.start_session('first', device => 'Chrome', interview_id => 'exam');
select from public.end_session('first');
select from public.start_session('of another', interview_id => 'other');
select from public.end_session('of another');
select from public.start_session('second', interview_id => 'exam');
select pg_temp.authenticate_as('ben');
select from public.start_session('one');
select from public.start_session('two', takeover => true);
select from public.start_session('three', takeover => true);
select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');

-- when
create temp table live as select * from public.admin_session_details(pg_temp.user_id('ada'), 'second');
select from public.admin_extend_interview(pg_temp.user_id('ada'), 'exam', '5 minutes', 'a fire alarm');
select from public.admin_revoke_session(pg_temp.user_id('ada'), 'cheated', 'second');
create temp table ended as select * from public.admin_session_details(pg_temp.user_id('ada'), 'second');
create temp table taken_over as select * from public.admin_session_details(pg_temp.user_id('ben'), 'two');

-- then
select is(
  (select session -> 'end_reason' from live), 'null', 'M17: a live session has not ended'
);
select is(
  (select jsonb_path_query_array(sessions, '$[*].session_id') from live), '["second", "first"]',
  'M17: the sessions of its interview are listed, the latest first, and no other'
);
select is((select extensions from live), '[]', 'M17: no extension so far');
select is(
  (select interview ->> 'interview_id' from live), 'exam', 'M17: its interview is shown'
);

select results_eq(
  $$ select session ->> 'end_reason', session -> 'revoked' from ended $$,
  $$ values ('revoked', '{"by": "dan@admin.example", "note": "cheated"}'::jsonb) $$,
  'M17: who ended it, and why'
);
select is(
  (select extensions -> 0 from ended) - 'extended_at',
  '{"by": "dan@admin.example", "note": "a fire alarm", "extended_seconds": 300.000000}',
  'M17: who gave more time, how much, and why'
);

select results_eq(
  $$ select interview, jsonb_path_query_array(sessions, '$[*].session_id') from taken_over $$,
  $$ values (null::jsonb, '["two", "one"]'::jsonb) $$,
  'M17: without an interview, the sessions that it took over'
);

select is_empty(
  format('select * from public.admin_session_details(%L, %L)', pg_temp.user_id(name), session_id),
  'M17: no row for a session that was never known, nor for another user''s'
)
from (values ('ada', 'never'), ('ben', 'first')) as unknown (name, session_id);

select * from finish();
rollback;
