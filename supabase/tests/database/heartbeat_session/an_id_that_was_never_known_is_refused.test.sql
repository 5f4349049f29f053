-- Another user's session is as good as unknown.
begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('ada''s');
select from public.end_session('ada''s', 'cleared');
select from public.start_session('ada''s live one');
create temp table held as select * from pg_temp.active_session('ada');

-- when
select pg_temp.authenticate_as('ben');
create temp table refusals as
select asked.session_id, refusal.*
from (values ('never known'), ('ada''s'), ('ada''s live one')) as asked (session_id),
  pg_temp.refusal_of(format('select public.heartbeat_session(%L)', asked.session_id)) refusal;

-- then
select results_eq(
  'select session_id, code, message, detail from refusals',
  $$ values
    ('never known', 'PT410', 'There is no such interview session.', '{"session_id": "never known", "end_reason": null, "ended_at": null}'::jsonb),
    ('ada''s', 'PT410', 'There is no such interview session.', '{"session_id": "ada''s", "end_reason": null, "ended_at": null}'),
    ('ada''s live one', 'PT410', 'There is no such interview session.', '{"session_id": "ada''s live one", "end_reason": null, "ended_at": null}') $$,
  'R33: the refusal says nothing about another user''s sessions'
);

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from held',
  'M8: Ada''s session is unchanged'
);

select is_empty(
  $$ select * from pg_temp.active_session('ben') $$,
  'R33: Ben has none'
);

select * from finish();
rollback;
