begin;
select plan(7);

-- given: rows of the history around the end of its retention, none in the order of its age
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
update sessions.settings set history_retention = '101 days' where true;
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('bbbbbbbb-0000-4000-8000-000000000002');
insert into public.interview_session_history (
  user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status
)
select u.id, a.age || ' days', 1, now() - interval '1 year', now() - interval '1 year', now() - make_interval(days => a.age), 'completed', 'completing'
from (values (91), (100), (89), (1), (95)) as a (age)
cross join auth.users u
where u.id = 'aaaaaaaa-0000-4000-8000-000000000001' and a.age <> 100
  or u.id = 'bbbbbbbb-0000-4000-8000-000000000002' and a.age = 100;
create temp view read as
select
  pg_stat_get_xact_numscans('public.interview_session_history_ended_at'::regclass) as index_scans,
  pg_stat_get_xact_tuples_returned('public.interview_session_history_ended_at'::regclass) as index_entries,
  pg_stat_get_xact_numscans('public.interview_session_history'::regclass) as table_scans;
create temp table read_before as select * from read;

-- when nothing is past its retention
create temp table nothing as select * from public.reap_stale_sessions();

-- then
select results_eq(
  $$
    select
      read.index_scans - read_before.index_scans,
      read.index_entries - read_before.index_entries,
      read.table_scans - read_before.table_scans
    from read, read_before
  $$,
  'values (1::bigint, 0::bigint, 0::bigint)',
  'M12: it looks into the index, and reads nothing that stays'
);

-- when some is
update sessions.settings set history_retention = '90 days' where true;
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
create temp table first as select * from public.reap_stale_sessions(batch_size => 2);
reset role;

-- then
select bag_eq(
  'select session_id from public.interview_session_history',
  $$ values ('91 days'), ('89 days'), ('1 days') $$,
  'M13: a run prunes a bounded number of rows, the oldest first, whosever they are'
);
select is_empty('select from first', 'M13: they are not among what it reaped');

-- when
set local role service_role;
create temp table second as select * from public.reap_stale_sessions(batch_size => 2);
create temp table third as select * from public.reap_stale_sessions(batch_size => 2);
reset role;

-- then
select bag_eq(
  'select session_id from public.interview_session_history',
  $$ values ('89 days'), ('1 days') $$,
  'M13: the next goes on, and what is within its retention stays'
);
select results_eq(
  'select pruned, reaped from sessions.reaper_runs order by id desc limit 3',
  'values (0, 0), (1, 0), (2, 0)',
  'M14: each run says how many'
);

-- A pruned session is forgotten; its id is then one that was never known.
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
select is_empty($$ select * from public.end_session('95 days') $$, 'B6: of a pruned session nothing is known');
select results_eq(
  $$ select session_id from public.end_session('89 days') $$, $$ values ('89 days') $$,
  'B6: of one that is not, how it ended'
);

reset role;
select * from finish();
rollback;
