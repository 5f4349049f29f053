begin;
select plan(3);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

-- given: Ada has never had a session; Ben's is past its lease
set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

do $$
begin
  perform public.start_session('stale');
end
$$;

reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '6 minutes',
  updated_at = updated_at - interval '6 minutes',
  deadline_at = deadline_at - interval '6 minutes',
  expires_at = expires_at - interval '6 minutes'
where user_id = 'bbbbbbbb-0000-4000-8000-000000000002';

-- when
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table of_ada as select * from public.start_session('first', takeover => true);

set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

create temp table of_ben as select * from public.start_session('next', takeover => true);

-- then
reset role;

select results_eq(
  'select session_id, status, previous_session_id from of_ada',
  $$ values ('first', 'active', null::text) $$,
  'M6: without any session it is granted, and took over none'
);

select results_eq(
  'select session_id, status, previous_session_id from of_ben',
  $$ values ('next', 'active', null::text) $$,
  'B1: a stale session is none that could be taken over'
);

select results_eq(
  $$ select session_id, end_reason from public.interview_session_history where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  $$ values ('stale', 'expired') $$,
  'B1: it had expired before'
);

select * from finish();
rollback;
