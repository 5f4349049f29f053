begin;
select plan(6);

-- given: five sessions, each at another point of its life
delete from public.active_interview_sessions where true;
create temp table users (id uuid, session_id text, silent_for interval);
grant select on users to authenticated;
insert into users values
  ('aaaaaaaa-0000-4000-8000-000000000001', 'fresh', '0'),
  ('bbbbbbbb-0000-4000-8000-000000000002', 'quiet', '4 minutes'),
  ('cccccccc-0000-4000-8000-000000000003', 'crashed', '6 minutes'),
  ('dddddddd-0000-4000-8000-000000000004', 'crashed while completing', '7 minutes'),
  ('eeeeeeee-0000-4000-8000-000000000005', 'past its deadline', '2 minutes');
insert into auth.users (id) select id from users;

set local role authenticated;
do $$
declare
  v_user record;
begin
  for v_user in select * from users loop
    perform set_config('request.jwt.claims', json_build_object('sub', v_user.id, 'role', 'authenticated')::text, true);
    perform public.start_session(v_user.session_id);
    if v_user.session_id = 'crashed while completing' then
      perform public.complete_session(v_user.session_id);
    end if;
  end loop;
end
$$;
reset role;
-- What 14 minutes of heartbeats leave: the lease ends with the deadline, in a minute.
update public.active_interview_sessions
set
  created_at = created_at - interval '14 minutes',
  deadline_at = deadline_at - interval '14 minutes',
  expires_at = deadline_at - interval '14 minutes'
where session_id = 'past its deadline';
update public.active_interview_sessions a
set
  created_at = a.created_at - u.silent_for,
  updated_at = a.updated_at - u.silent_for,
  deadline_at = a.deadline_at - u.silent_for,
  expires_at = a.expires_at - u.silent_for
from users u
where u.id = a.user_id;
create temp table was as select * from public.active_interview_sessions;

-- when
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
create temp table reaped as select * from public.reap_stale_sessions();
reset role;

-- then
select bag_eq(
  'select session_id, end_reason, status from reaped',
  $$
    values
      ('crashed', 'expired', 'active'),
      ('crashed while completing', 'expired', 'completing'),
      ('past its deadline', 'timed_out', 'active')
  $$,
  'M7: it says which sessions were cleaned up, and why'
);
select bag_eq(
  'select * from public.active_interview_sessions',
  $$ select * from was where session_id in ('fresh', 'quiet') $$,
  'M9: what lives stays, untouched'
);
select bag_eq(
  'select h.* from public.interview_session_history h join users u on u.id = h.user_id',
  'select * from reaped',
  'B7: each has one row in the history, the row that was returned'
);
select bag_eq(
  'select session_id, ended_at from reaped',
  $$ select session_id, expires_at from was where session_id not in ('fresh', 'quiet') $$,
  'B1: a session ended when its lease did, not when the reaper came'
);
select is(
  (select now() - ended_at > interval '59 seconds' and ended_at = was.deadline_at from reaped join was using (session_id) where session_id = 'past its deadline'),
  true,
  'M10: and one that was heard from to the last ended at its deadline'
);

set local role service_role;
select is_empty('select * from public.reap_stale_sessions()', 'M7: a second time there is nothing left');

reset role;
select * from finish();
rollback;
