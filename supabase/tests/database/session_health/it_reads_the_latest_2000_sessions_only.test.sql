-- So that its cost does not grow with the history.
begin;
\ir ../helpers.psql
select plan(8);

-- given: 12 000 sessions that ended within the hour, the latest 2000 as completed, and an overlap on either side
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
select pg_temp.create_users('ada', 'ben', 'cleo');
create function pg_temp.add_ended_sessions(how_many integer, before timestamptz, how_many_completed integer)
returns void
language sql
as $$
  insert into public.interview_session_history (
    user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status, ended_fence
  )
  select
    pg_temp.user_id('ada'), how_many || ' ' || n, 0, ended_at - interval '0.1 seconds', ended_at, ended_at,
    case when n <= how_many_completed then 'completed' else 'expired' end, 'active', 0
  from generate_series(1, how_many) n, lateral (select before - n * interval '0.1 seconds' as ended_at) e;
$$;
select pg_temp.add_ended_sessions(12000, now(), 2000);
analyze public.interview_session_history;
select from public.reap_stale_sessions();

-- then
select results_eq(
  'select ended_last_day, history_rows, overlaps_found from public.session_health()',
  $$ values ('{"completed": 2000}'::jsonb, 12000::bigint, 0::bigint) $$,
  'M14: reasons are counted among the latest 2000; the size of the history is estimated'
);

-- when: an overlap lies beyond them, another among them
select
  pg_temp.add_ended_session('ben', 'first', now() - interval '55 minutes', now() - interval '45 minutes', fence => 1, ended_fence => 3),
  pg_temp.add_ended_session('ben', 'second', now() - interval '50 minutes', now() - interval '44 minutes', fence => 2, ended_fence => 4);
select sessions.lift_fence();

-- then
select is((select overlaps_found from public.session_health()), 0::bigint, 'B7: overlaps are looked for among the latest 2000');
select is((select count(*) from sessions.overlapping_sessions()), 1::bigint, 'B7: overlapping_sessions() finds the others');

select
  pg_temp.add_ended_session('cleo', 'first', now() - interval '5 minutes', now() - interval '3 minutes', fence => 5, ended_fence => 7),
  pg_temp.add_ended_session('cleo', 'second', now() - interval '4 minutes', now() - interval '2 minutes', fence => 6, ended_fence => 8);
select sessions.lift_fence();

select is((select overlaps_found from public.session_health()), 1::bigint, 'B7: one among the latest is found');

-- when: how many rows does a call read?
create temp view read as
select
  pg_stat_get_xact_tuples_fetched('public.interview_session_history'::regclass) as by_index,
  pg_stat_get_xact_numscans('public.interview_session_history'::regclass) as table_scans;
create temp table measured (rows_in_history bigint, by_index bigint, table_scans bigint);

create function pg_temp.measure()
returns void
language plpgsql
as $$
declare
  v_before read := (select r from read r);
begin
  perform public.session_health();
  insert into measured
  select (select count(*) from pg_temp.history_rows), r.by_index - v_before.by_index, r.table_scans - v_before.table_scans
  from read r;
end
$$;
create temp view history_rows as select from public.interview_session_history;

select pg_temp.measure();
select pg_temp.add_ended_sessions(20000, now() - interval '1 hour', 0);
analyze public.interview_session_history;
select pg_temp.measure();

-- then
select bag_eq('select rows_in_history from measured', 'values (12004::bigint), (32004::bigint)', 'M14: the history has grown');
select is((select count(distinct by_index) from measured), 1::bigint, 'M14: the call reads as many rows as before');
select cmp_ok((select max(by_index) from measured), '<=', 8000::bigint, 'M14: at most the latest 2000, once for each figure');
select is((select max(table_scans) from measured), 0::bigint, 'M14: by index, never by a scan of the whole table');

select * from finish();
rollback;
