-- Nobody has reaped; the operator comes after the lease has run out.
begin;
select plan(2);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('stale');
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

create temp table stale as
select session_id, expires_at from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

-- when
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';

select is_empty(
  $$ select * from public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001', 'Too late.') $$,
  'B1: there is nothing to end'
);

-- then
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('next');
end
$$;

reset role;

select results_eq(
  $$ select session_id, end_reason, ended_at, note, ended_by
    from public.interview_session_history
    where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  $$ select session_id, 'expired', expires_at, null::text, null::uuid from stale $$,
  'B1: it expired when its lease ran out, and nobody revoked it'
);

select * from finish();
rollback;
