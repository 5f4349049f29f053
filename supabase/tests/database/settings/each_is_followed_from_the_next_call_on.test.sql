begin;
select plan(13);

-- given: a session granted with the defaults
delete from sessions.settings where true;
insert into sessions.settings default values;
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('bbbbbbbb-0000-4000-8000-000000000002');
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
create temp table granted as select * from public.start_session('before');
reset role;
select results_eq(
  'select status, expires_at - updated_at, deadline_at - created_at from granted',
  $$ values ('active', interval '5 minutes', interval '15 minutes') $$,
  'M10: by default 5 minutes without a sign of life, 15 in all'
);

-- when every setting becomes longer
update sessions.settings
set lease = '10 minutes', max_duration = '40 minutes', completing_grace = '8 minutes'
where true;
set local role authenticated;
create temp table beaten as select * from public.heartbeat_session('before');
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';
create temp table granted_longer as select * from public.start_session('after');
create temp table completing as select * from public.complete_session('after');
reset role;

-- then
select is((select expires_at - updated_at from beaten), interval '10 minutes', 'M10: lease: the next heartbeat follows it');
select is((select deadline_at from beaten), (select deadline_at from granted), 'M10: max_duration: a session that runs keeps its deadline');
select is((select expires_at - updated_at from granted_longer), interval '10 minutes', 'M10: lease: so does the next grant');
select is((select deadline_at - created_at from granted_longer), interval '40 minutes', 'M10: max_duration: the next grant follows it');
select ok(
  (select c.deadline_at = greatest(g.expires_at, c.updated_at + interval '8 minutes') from completing c, granted_longer g),
  'M4: completing_grace: the next complete follows it, but takes back nothing of the lease'
);

-- when they become shorter
update sessions.settings
set lease = '2 minutes', max_duration = '90 seconds', completing_grace = '1 minute'
where true;
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
create temp table beaten_shorter as select * from public.heartbeat_session('before');
create temp table restarted as select * from public.start_session('before');
create temp table completing_shorter as select * from public.complete_session('before');
reset role;

-- then
select is((select expires_at from beaten_shorter), (select expires_at from beaten), 'M10: a lease already given is not shortened by a heartbeat');
select is((select expires_at from restarted), (select expires_at from beaten), 'M10: nor by a start that is sent again');
select is((select expires_at from completing_shorter), (select expires_at from beaten), 'M10: nor by completing');

-- when the next is granted
set local role authenticated;
create temp table ended as select * from public.end_session('before');
create temp table granted_shorter as select * from public.start_session('next');
reset role;

-- then
select results_eq(
  'select expires_at - updated_at, deadline_at - created_at from granted_shorter',
  $$ values (interval '90 seconds', interval '90 seconds') $$,
  'M10: the next grant follows both, and its lease ends by its deadline'
);

-- when
set local role authenticated;
create temp table completing_next as select * from public.complete_session('next');
reset role;
update sessions.settings set completing_grace = '20 minutes' where true;
update public.active_interview_sessions
set status = 'active'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';
set local role authenticated;
create temp table completing_longer as select * from public.complete_session('next');
reset role;

-- then
select is((select deadline_at - updated_at from completing_longer), interval '20 minutes', 'M4: completing_grace: it is how long handing in may take');

-- when
insert into public.interview_session_history (
  user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status
)
values (
  'aaaaaaaa-0000-4000-8000-000000000001', 'of last week', 0,
  now() - interval '8 days', now() - interval '7 days', now() - interval '7 days', 'completed', 'completing'
);
create temp table reaped as select * from public.reap_stale_sessions();
select isnt_empty(
  $$ select from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' and session_id = 'of last week' $$,
  'M10: history_retention: the history of last week is kept'
);
update sessions.settings set history_retention = '6 days' where true;
create temp table reaped_again as select * from public.reap_stale_sessions(100000);
select is_empty(
  $$ select from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' and session_id = 'of last week' $$,
  'M10: history_retention: the next run follows it'
);

select * from finish();
rollback;
