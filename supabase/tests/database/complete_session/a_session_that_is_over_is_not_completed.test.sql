begin;
\ir ../helpers.psql
select plan(3);

-- given: one session per end reason, named after it
select pg_temp.create_users('ada');
create temp table ended as select * from pg_temp.end_a_session_in_every_way('ada');

select pg_temp.authenticate_as('ada');
create temp table successor as select * from public.start_session('successor');

-- when
create temp table refusals as
select of.end_reason as way, refusal.*
from pg_temp.end_reasons() of,
  pg_temp.refusal_of(format('select public.complete_session(%L)', of.end_reason)) refusal;

-- then
select pg_temp.clear_authentication();

select results_eq(
  $$ select way, code, detail ->> 'end_reason', message from refusals order by way $$,
  $$ select end_reason, 'PT410', end_reason, message from pg_temp.end_reasons() order by end_reason $$,
  'B4: a late complete is refused and says how the session ended'
);

select results_eq(
  $$ select detail ->> 'session_id', (detail ->> 'ended_at')::timestamptz from refusals order by way $$,
  'select session_id, ended_at from ended order by session_id',
  'B4: the detail says when'
);

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from successor',
  'R10: the successor''s row is unchanged'
);

select * from finish();
rollback;
