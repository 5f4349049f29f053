begin;
\ir ../helpers.psql
select plan(6);

-- given: the default settings
select cmp_ok(
  (select lease + reap_every from sessions.settings), '<', interval '15 minutes',
  'M7: the lease and one interval of the schedule are less than 15 minutes'
);

update sessions.settings set reap_every = '5 minutes' where true;

select cmp_ok(
  (select lease + reap_every from sessions.settings), '<', interval '15 minutes',
  'M7: also with the slowest recommended schedule'
);

select cmp_ok(
  (select lease from sessions.settings), '>', interval '30 seconds' + (select heartbeat_every from sessions.settings),
  'M9: the lease survives a network drop of 30 seconds just before a heartbeat'
);

-- given: a browser that crashed that long ago
select pg_temp.create_user_with_session('ada', 'crashed', lease + reap_every) from sessions.settings;

-- when
select pg_temp.act_as('service_role');
create temp table reaped as select * from public.reap_stale_sessions(10000);
select pg_temp.clear_authentication();

-- then
select results_eq(
  $$ select session_id, end_reason from reaped where user_id = pg_temp.user_id('ada') $$,
  $$ values ('crashed', 'expired') $$,
  'M7: the next run reaps its session and returns it'
);

select is_empty($$ select session_id from pg_temp.active_session('ada') $$, 'M13: its row is gone');

select pg_temp.authenticate_as('ada');

select lives_ok($$ select public.start_session('next') $$, 'M7: its user can start again');

select * from finish();
rollback;
