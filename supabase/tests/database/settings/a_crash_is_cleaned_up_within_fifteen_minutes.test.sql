begin;
select plan(6);

-- given: the settings as they are delivered
delete from sessions.settings where true;
insert into sessions.settings default values;

select cmp_ok(
  (select lease + reap_every from sessions.settings), '<', interval '15 minutes',
  'M7: the lease and one interval of the schedule are less than 15 minutes'
);
update sessions.settings set reap_every = '5 minutes' where true;
select cmp_ok(
  (select lease + reap_every from sessions.settings), '<', interval '15 minutes',
  'M7: also of the slowest schedule that is recommended'
);
select cmp_ok(
  (select lease from sessions.settings), '>', interval '30 seconds' + (select heartbeat_every from sessions.settings),
  'M9: a drop of 30 seconds just before a heartbeat leaves the lease standing'
);

-- given: a session whose browser crashed as long ago as that
insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
create temp table granted as select * from public.start_session('crashed');
reset role;
update public.active_interview_sessions a
set
  created_at = a.created_at - (s.lease + s.reap_every),
  updated_at = a.updated_at - (s.lease + s.reap_every),
  deadline_at = a.deadline_at - (s.lease + s.reap_every),
  expires_at = a.expires_at - (s.lease + s.reap_every)
from sessions.settings s
where a.user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

-- when
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
create temp table reaped as select * from public.reap_stale_sessions(100000);
reset role;

-- then
select results_eq(
  $$ select session_id, end_reason from reaped where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  $$ values ('crashed', 'expired') $$,
  'M7: the run that follows cleans it up, and says so'
);
select is_empty(
  $$ select from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'M13: nothing of it is left'
);
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
select lives_ok($$ select public.start_session('next') $$, 'M7: and its user starts again');

reset role;
select * from finish();
rollback;
