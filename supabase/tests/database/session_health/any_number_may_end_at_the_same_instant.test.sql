begin;
\ir ../helpers.psql
select plan(1);

-- given: 10 500 sessions that ended together, and 500 later ones
delete from public.interview_session_history where true;
select pg_temp.create_users('ada');
insert into public.interview_session_history (
  user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status, ended_fence
)
select
  pg_temp.user_id('ada'), n::text, n, ended_at - interval '1 second', ended_at, ended_at, 'completed', 'active', n
from generate_series(1, 11000) n,
  lateral (select now() - case when n <= 10500 then interval '1 hour' else interval '1 minute' end as ended_at) e;

-- then
select is(
  (select ended_last_day ->> 'completed' from public.session_health())::integer, 2000,
  'M14: at most the latest 2000 are read'
);

select * from finish();
rollback;
