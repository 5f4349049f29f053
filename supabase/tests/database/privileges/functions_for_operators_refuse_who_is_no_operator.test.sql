-- The second check, behind the grants: somebody has granted EXECUTE where they should not have.
begin;
select plan(30);

-- given: a live session that could be revoked, a stale one that could be reaped, and grants that should not be
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('bbbbbbbb-0000-4000-8000-000000000002');
insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
values
  ('aaaaaaaa-0000-4000-8000-000000000001', 'live', 1, now(), now(), now() + interval '15 minutes', now() + interval '5 minutes'),
  ('bbbbbbbb-0000-4000-8000-000000000002', 'stale', 2, now() - interval '6 minutes', now() - interval '6 minutes', now() + interval '9 minutes', now() - interval '1 minute');
create temp table was as
select * from public.active_interview_sessions
where user_id in ('aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002');

create role intruder;
create role deputy in role service_role;
grant intruder, deputy to postgres;
grant usage on schema sessions to intruder, anon;
grant execute on function
  sessions.revoke_session(uuid, text), sessions.reap_stale_sessions(integer, boolean), sessions.session_health(),
  sessions.admin_live_sessions(), sessions.admin_ended_sessions(timestamptz, interval), sessions.admin_session_health(),
  sessions.admin_revoke_session(uuid, text)
to intruder, deputy, authenticated, anon;

create function pg_temp.answer_to(who text, call text) returns text language plpgsql as $$
begin
  perform set_config('role', who, true);
  execute call;
  perform set_config('role', 'none', true);
  return 'no refusal';
exception
  when insufficient_privilege then
    return sqlerrm;
end
$$;

create temp table calls (name, call) as values
  ('revoke', $$ select sessions.revoke_session('aaaaaaaa-0000-4000-8000-000000000001') $$),
  ('reap', $$ select sessions.reap_stale_sessions() $$),
  ('health', $$ select sessions.session_health() $$),
  ('live, for administrators', $$ select sessions.admin_live_sessions() $$),
  ('ended, for administrators', $$ select sessions.admin_ended_sessions('2000-01-01') $$),
  ('health, for administrators', $$ select sessions.admin_session_health() $$),
  ('revoke, for administrators', $$ select sessions.admin_revoke_session('aaaaaaaa-0000-4000-8000-000000000001') $$);

-- when, then: what the claims say is of no account
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "service_role"}';
select is(
  pg_temp.answer_to(who, call),
  format('The role %s may not operate interview sessions.', who),
  format('B8: %s is refused by itself: %s', who, name)
)
from calls
cross join unnest(array['intruder', 'authenticated', 'anon']) as who;

select bag_eq(
  $$
    select * from public.active_interview_sessions
    where user_id in ('aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002')
  $$,
  'select * from was',
  'B8: nothing has changed'
);

-- A role that has been given the rights of service_role has them.
select is(pg_temp.answer_to('deputy', call), 'no refusal', 'B8: a deputy is not refused: ' || name) from calls;
select is_empty(
  $$
    select from public.active_interview_sessions
    where user_id in ('aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002')
  $$,
  'B8: and ends both'
);

select * from finish();
rollback;
