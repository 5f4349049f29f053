begin;
\ir ../helpers.psql
select plan(7);

-- given: history rows of two users around the end of the retention, not in the order of their age
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
update sessions.settings set history_retention = '101 days' where true;
select pg_temp.create_users('ada', 'ben');
select pg_temp.add_ended_session(name, hours || ' hours', now() - interval '1 year', now() - make_interval(hours => hours))
from (
  values ('ada', 91 * 24), ('ben', 100 * 24), ('ada', 89 * 24), ('ada', 100 * 24 - 2), ('ben', 24), ('ada', 100 * 24 - 1)
) as ended (name, hours);

create temp view read as
select
  pg_stat_get_xact_tuples_returned('public.interview_session_history_ended_at'::regclass) as index_entries,
  pg_stat_get_xact_numscans('public.interview_session_history'::regclass) as table_scans;
create temp table read_before as select * from read;

-- when: no row is past its retention
create temp table nothing as select * from public.reap_stale_sessions();

-- then
select results_eq(
  $$ select read.index_entries - read_before.index_entries, read.table_scans - read_before.table_scans from read, read_before $$,
  'values (1::bigint, 0::bigint)',
  'M12: it looks into the index, for the oldest row, and reads no other row that stays'
);

-- when: some rows are
update sessions.settings set history_retention = '90 days' where true;
select pg_temp.act_as('service_role');
create temp table first as select * from public.reap_stale_sessions(batch_size => 2);
select pg_temp.clear_authentication();

-- then
select bag_eq(
  'select session_id from public.interview_session_history',
  array['2398 hours', '2184 hours', '2136 hours', '24 hours'],
  'M13: a run prunes a bounded number of rows, the oldest first, of whichever user'
);

select is_empty('select session_id from first', 'M13: pruned rows are not among the reaped ones');

-- when
select pg_temp.act_as('service_role');
create temp table second as select * from public.reap_stale_sessions(batch_size => 2);
create temp table third as select * from public.reap_stale_sessions(batch_size => 2);
create temp table fourth as select * from public.reap_stale_sessions(batch_size => 2);
select pg_temp.clear_authentication();

-- then
select bag_eq(
  'select session_id from public.interview_session_history',
  array['2136 hours', '24 hours'],
  'M13: the next runs go on; rows within the retention stay'
);

select results_eq(
  'select pruned, reaped from sessions.reaper_runs order by id desc limit 5',
  'values (0, 0), (1, 0), (1, 0), (2, 0), (0, 0)',
  'M14: each run says how many it pruned'
);

select pg_temp.authenticate_as('ada');

select is_empty($$ select session_id from public.end_session('2184 hours') $$, 'B6: a pruned session is unknown');

select results_eq(
  $$ select session_id from public.end_session('2136 hours') $$, $$ values ('2136 hours') $$,
  'B6: a session that is not pruned says how it ended'
);

select * from finish();
rollback;
