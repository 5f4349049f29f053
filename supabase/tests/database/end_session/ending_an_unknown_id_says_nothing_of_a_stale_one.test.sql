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
  created_at = created_at - interval '6 minutes',
  updated_at = updated_at - interval '6 minutes',
  deadline_at = deadline_at - interval '6 minutes',
  expires_at = expires_at - interval '6 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

select is_empty(
  $$ select * from public.end_session('never known') $$,
  'B1: there is nothing to say of it'
);

select results_eq(
  $$ select session_id, end_reason from public.end_session('stale', 'cleared') $$,
  $$ values ('stale', 'expired') $$,
  'B1: the stale one has its own end'
);

select * from finish();
rollback;
