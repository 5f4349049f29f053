-- Nor who the administrator was: not in a table, an answer or a refusal.
begin;
\ir ../helpers.psql
select plan(7);

-- given: Ada's interview is extended and her session revoked, by Dan, with notes; Dan looks at it, too
select pg_temp.create_users('ada', 'dan');
select pg_temp.authenticate_as('ada');
select from public.start_session('by the page', interview_id => 'exam');
select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');
create temp table answer_to_the_page as
select * from public.admin_revoke_session(pg_temp.user_id('ada'), 'Not for her eyes.');
select pg_temp.authenticate_as('ada');
select from public.start_session('by a backend', interview_id => 'exam');
select pg_temp.act_as('service_role', jsonb_build_object('sub', pg_temp.user_id('dan')));
select from public.extend_interview(pg_temp.user_id('ada'), 'exam', '1 minute', 'Not for her eyes.');
select from public.revoke_session(pg_temp.user_id('ada'), 'Not for her eyes.');
select pg_temp.clear_authentication();
create temp table records as
select contents::text from pg_temp.all_rows() where table_name in ('revocations', 'extensions');

create function pg_temp.says_too_much(text text)
returns boolean
language sql
as $$
  select text like '%Not for her eyes.%' or text like '%' || pg_temp.user_id('dan') || '%';
$$;

select is(
  (select count(*) from records where pg_temp.says_too_much(contents)), 3::bigint,
  'M17: the operators'' records have the notes and who was behind them'
);

-- when: Ada reads all that she can, and calls all that she can
select pg_temp.authenticate_as('ada');
create temp table seen as
select to_jsonb(a)::text as text from public.active_interview_sessions a
union all
select to_jsonb(h)::text from public.interview_session_history h
union all
select to_jsonb(i)::text from public.interviews i
union all
select pg_temp.answer_of(call)::text
from (values ('by the page'), ('by a backend')) as ids (session_id)
cross join unnest(array[
  'select * from public.start_session(%L)',
  'select * from public.heartbeat_session(%L)',
  'select * from public.complete_session(%L)',
  'select * from public.end_session(%L)',
  'select public.holds_session(%L)'
]) as calls (template)
cross join format(template, session_id) as call
union all
select refusal.hint
from pg_temp.refusal_of($$ select public.heartbeat_session('by a backend') $$) refusal;

-- then
select is((select count(*) from seen where text like '%revoked%'), 10::bigint, 'M17: she is told that it was revoked');
select is_empty('select text from seen where pg_temp.says_too_much(text)', 'M17: and neither why nor by whom');

select is_empty(
  $$ select * from answer_to_the_page h where pg_temp.says_too_much(to_jsonb(h)::text) $$,
  'M17: the answer to the administrators'' page has no more than the history'
);

select throws_ok(
  'select from sessions.' || name, '42501', 'permission denied for table ' || name,
  'M17: she cannot read ' || name
)
from unnest(array['revocations', 'extensions']) name;

select is_empty(
  $$ select c.oid::regclass, a.attname
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    where c.relnamespace = 'public'::regnamespace
      and c.relname in ('active_interview_sessions', 'interview_session_history', 'interviews')
      and (a.attname like '%note%' or a.attname like '%\_by') $$,
  'M17: no table that a user may read has a place for it'
);

select * from finish();
rollback;
