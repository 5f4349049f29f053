begin;
\ir ../helpers.psql
select plan(4);

-- given: one session per end reason, named after it
select pg_temp.create_users('ada');
create temp table ended as select * from pg_temp.end_a_session_in_every_way('ada');

-- when
select pg_temp.authenticate_as('ada');
create temp table refusals as
select of.end_reason as way, refusal.*
from pg_temp.end_reasons() of,
  pg_temp.refusal_of(format('select public.start_session(%L)', of.end_reason)) refusal;

-- then
select pg_temp.clear_authentication();

select results_eq(
  $$ select way, code, detail ->> 'end_reason', message from refusals order by way $$,
  $$ select end_reason, 'PT410', end_reason, message from pg_temp.end_reasons() order by end_reason $$,
  'B6: a late start is refused and says how the session ended'
);

select results_eq(
  $$ select detail ->> 'session_id', (detail ->> 'ended_at')::timestamptz from refusals order by way $$,
  'select session_id, ended_at from ended order by session_id',
  'B6: the detail says when'
);

select set_eq(
  'select hint from refusals',
  array['Stop using this session_id. To continue, start a session with a new one.'],
  'B3: the hint says what to do'
);

select is_empty(
  $$ select * from pg_temp.active_session('ada') where expires_at > clock_timestamp() $$,
  'R3: no session is live'
);

select * from finish();
rollback;
