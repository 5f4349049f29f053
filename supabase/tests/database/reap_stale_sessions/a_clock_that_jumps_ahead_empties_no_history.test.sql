-- The rows are moved into the past instead of the clock into the future.
begin;
\ir ../helpers.psql
select plan(9);

-- given: 90 days of history and interviews, ten of each a day, and a reaper that ran a minute ago
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from public.interviews where true;
delete from sessions.reaper_runs where true;
select pg_temp.create_users('ada');
insert into public.interviews (user_id, interview_id, started_at, deadline_at, last_session_id)
select pg_temp.user_id('ada'), n::text, at - interval '1 hour', at, n::text
from generate_series(1, 899) n, lateral (select now() - n * interval '144 minutes') t (at);
select pg_temp.add_ended_session('ada', interview_id, started_at, deadline_at) from public.interviews;
insert into sessions.reaper_runs (ran_at, ran_by, reaped, failed, pruned, took)
values (now() - interval '1 minute', 'service_role', 0, 0, 0, '0');

create function pg_temp.move_clock(by interval)
returns void
language plpgsql
as $$
begin
  perform pg_temp.let_time_pass('ada', by);
  update sessions.reaper_runs set ran_at = ran_at - by where true;
end
$$;

create temp view kept as
select
  (select count(*) from public.interview_session_history) as sessions,
  (select count(*) from public.interviews) as interviews;

-- when: the clock jumps ahead by 100 days, and the reaper runs once
select pg_temp.move_clock('100 days');
create temp table first as select * from public.reap_stale_sessions();

-- then
select results_eq('select * from kept', 'values (899::bigint, 899::bigint)', 'M13: nothing is pruned');

select results_eq(
  'select pruned from sessions.reaper_runs order by ran_at desc, id desc limit 1', 'values (0)',
  'M14: the run says so'
);

-- when: the clock stays there, and the reaper runs again
create temp table second as select * from public.reap_stale_sessions();

-- then
select results_eq('select * from kept', 'values (889::bigint, 889::bigint)', 'M13: one run prunes the oldest day, and no more');

-- when: the clock goes back
select pg_temp.move_clock('-100 days');
create temp table back as select * from public.reap_stale_sessions();

-- then
select results_eq('select * from kept', 'values (889::bigint, 889::bigint)', 'M13: the rest is kept');

select bag_eq(
  $$ select pruned from sessions.reaper_runs where ran_at > clock_timestamp() + interval '99 days' $$, 'values (0), (20)',
  'M14: the runs that lie in the future now are on record'
);

-- when: it jumps ahead again, not so far
select pg_temp.move_clock('95 days');
create temp table again as select * from public.reap_stale_sessions();

-- then
select results_eq('select * from kept', 'values (889::bigint, 889::bigint)', 'M13: runs at a wrong time confirm no other wrong time');

-- when: it goes back, the reaper runs once and then stops
select pg_temp.move_clock('-95 days');
create temp table last as select * from public.reap_stale_sessions();

-- then
select results_eq(
  $$ select status, last_reap_age < interval '1 hour' from public.session_health() $$, $$ values ('ok', true) $$,
  'B2: a run in the future is not taken for the last one'
);

update sessions.reaper_runs set ran_at = ran_at - interval '1 day' where ran_at < clock_timestamp();

select is(
  (select status from public.session_health()), 'critical',
  'B2: nor does it hide that the reaper has stopped'
);

-- when: the schedule was down for longer than a day, and runs again
create temp table after_a_day as select * from public.reap_stale_sessions();
update public.interview_session_history
set started_at = started_at - interval '2 days', ended_at = ended_at - interval '2 days'
where true;
create temp table after_a_day_and_a_minute as select * from public.reap_stale_sessions();

-- then
select is((select sessions from kept), 879::bigint, 'M13: from its second run on it prunes as ever');

select * from finish();
rollback;
