-- The warning that names the session goes to the server's log and to who called, where SQL cannot read it.
begin;
select plan(10);

-- given: three stale sessions; the first to be found cannot be moved
delete from public.active_interview_sessions where true;
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('bbbbbbbb-0000-4000-8000-000000000002'),
  ('cccccccc-0000-4000-8000-000000000003');
insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
select id, name, 1, now() - interval '6 minutes', now() - interval '6 minutes', now() + interval '9 minutes', now() - interval '1 minute'
from (
  values
    ('aaaaaaaa-0000-4000-8000-000000000001'::uuid, 'cannot be moved'),
    ('bbbbbbbb-0000-4000-8000-000000000002', 'second'),
    ('cccccccc-0000-4000-8000-000000000003', 'third')
) as stale (id, name);
create temp table was as select * from public.active_interview_sessions;
alter table public.interview_session_history add constraint cannot_be_moved check (session_id <> 'cannot be moved');

-- when
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
create temp table first as select * from public.reap_stale_sessions(1);
create temp table second as select * from public.reap_stale_sessions();
create temp table third as select * from public.reap_stale_sessions();
reset role;

-- then
select is((select count(*) from first), 1::bigint, 'M13: even a batch of one gets past it');
select bag_eq(
  'select session_id, end_reason from first union all select session_id, end_reason from second',
  $$ values ('second', 'expired'), ('third', 'expired') $$,
  'M13: the others are reaped'
);
select is_empty('select from third', 'M13: and then there is nothing that can be');
select bag_eq(
  'select * from public.active_interview_sessions',
  $$ select * from was where session_id = 'cannot be moved' $$,
  'M13: it stays as it was'
);
select is_empty(
  $$ select from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'B7: and is not in the history'
);
select results_eq(
  'select reaped, failed from sessions.reaper_runs order by id desc limit 3',
  'values (0, 1), (1, 1), (1, 1)',
  'M14: each run counts it as failed'
);

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';
select ok(not public.holds_session('cannot be moved'), 'B1: it is over all the same');
reset role;

-- when the cause is removed
alter table public.interview_session_history drop constraint cannot_be_moved;
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';
create temp table fourth as select * from public.reap_stale_sessions();
reset role;

-- then
select results_eq('select session_id, end_reason from fourth', $$ values ('cannot be moved', 'expired') $$, 'M13: the next run moves it');
select is_empty('select from public.active_interview_sessions', 'M13: and nothing is left');
select results_eq(
  'select reaped, failed from sessions.reaper_runs order by id desc limit 1',
  'values (1, 0)',
  'M14: that run has no failure'
);

select * from finish();
rollback;
