-- Nobody has reaped; the heartbeat comes too late.
begin;
select plan(4);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

create function pg_temp.refusal_of(call text, out code text, out message text, out detail jsonb, out hint text)
language plpgsql
as $$
declare
  v_detail text;
begin
  execute call;
exception
  when others then
    get stacked diagnostics
      code = returned_sqlstate,
      message = message_text,
      v_detail = pg_exception_detail,
      hint = pg_exception_hint;
    detail := nullif(v_detail, '');
end
$$;

-- given: Ada's has expired, Ben's has timed out
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('late');
end
$$;

reset role;

update sessions.settings
set max_duration = '3 minutes'
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

do $$
begin
  perform public.start_session('late');
end
$$;

reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '5 minutes',
  updated_at = updated_at - interval '5 minutes',
  deadline_at = deadline_at - interval '5 minutes',
  expires_at = expires_at - interval '5 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

update public.active_interview_sessions
set
  created_at = created_at - interval '3 minutes',
  updated_at = updated_at - interval '3 minutes',
  deadline_at = deadline_at - interval '3 minutes',
  expires_at = expires_at - interval '3 minutes'
where user_id = 'bbbbbbbb-0000-4000-8000-000000000002';

create temp table late as
select user_id, expires_at
from public.active_interview_sessions
where user_id in ('aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002');

-- when
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table of_ada as
select * from pg_temp.refusal_of($$ select public.heartbeat_session('late') $$);

set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

create temp table of_ben as
select * from pg_temp.refusal_of($$ select public.heartbeat_session('late') $$);

-- then
reset role;

select results_eq(
  $$ select code, detail ->> 'end_reason', (detail ->> 'ended_at')::timestamptz from of_ada $$,
  $$ select 'PT410', 'expired', expires_at from late where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'R8: it expired, at the instant the lease ran out'
);

select results_eq(
  $$ select code, detail ->> 'end_reason', (detail ->> 'ended_at')::timestamptz from of_ben $$,
  $$ select 'PT410', 'timed_out', expires_at from late where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  'R8: it timed out, at its deadline'
);

select is_empty(
  $$ select *
    from public.active_interview_sessions
    where user_id in ('aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002')
      and expires_at > clock_timestamp() $$,
  'R8: neither has come back to life'
);

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

select is(session_id, 'next', 'R8: a start from elsewhere succeeds at once')
from public.start_session('next');

select * from finish();
rollback;
