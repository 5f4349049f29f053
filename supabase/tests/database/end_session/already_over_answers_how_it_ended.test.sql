begin;
\ir ../helpers.psql
select plan(4);

-- given: one session per end reason, named after it
select pg_temp.create_users('ada');
create temp table ended as select * from pg_temp.end_a_session_in_every_way('ada');

select pg_temp.authenticate_as('ada');
create temp table successor as select * from public.start_session('successor');

create temp table history as select * from pg_temp.history('ada');

-- when
create temp table answers as
select of.end_reason as way, answer.*
from pg_temp.end_reasons() of,
  public.end_session(of.end_reason, 'cleared') answer;

create temp table answers_again as
select of.end_reason as way, answer.*
from pg_temp.end_reasons() of,
  public.end_session(of.end_reason) answer;

-- then
select pg_temp.clear_authentication();

select results_eq(
  'select way, session_id, end_reason, ended_at from answers order by way',
  'select session_id, session_id, session_id, ended_at from ended order by session_id',
  'B6: each answer says how and when the session ended; the reason given now is ignored'
);

select set_eq(
  'select * from answers_again',
  'select * from answers',
  'R12: a second end has the same answer'
);

select set_eq(
  $$ select * from pg_temp.history('ada') $$,
  'select * from history',
  'B6: the history is unchanged'
);

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from successor',
  'R12: the successor is unchanged'
);

select * from finish();
rollback;
