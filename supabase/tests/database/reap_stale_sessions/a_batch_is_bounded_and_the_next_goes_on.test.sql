begin;
\ir ../helpers.psql
select plan(6);

-- given: five crashed sessions and a live one
delete from public.active_interview_sessions where true;
select pg_temp.create_user_with_session('crashed ' || n, 'crashed ' || n, '6 minutes') from generate_series(1, 5) n;
select pg_temp.create_user_with_session('live', 'live');

-- when
select pg_temp.act_as('service_role');
create temp table first as select * from public.reap_stale_sessions(batch_size => 2);
create temp table second as select * from public.reap_stale_sessions(2);
create temp table third as select * from public.reap_stale_sessions(2);
create temp table fourth as select * from public.reap_stale_sessions(2);
select pg_temp.clear_authentication();

-- then
select is((select count(*) from first), 2::bigint, 'M12: a batch is no larger than asked for');
select is((select count(*) from second), 2::bigint, 'M12: nor is the next');
select is((select count(*) from third), 1::bigint, 'M12: a short batch is the last');
select is_empty('select session_id from fourth', 'M12: the next one is empty');

select bag_eq(
  'select session_id from first union all select session_id from second union all select session_id from third',
  $$ select 'crashed ' || n from generate_series(1, 5) n $$,
  'M13: together they reap each crashed session once'
);

select results_eq(
  'select session_id from public.active_interview_sessions',
  $$ values ('live') $$,
  'M12: and leave only the live one'
);

select * from finish();
rollback;
