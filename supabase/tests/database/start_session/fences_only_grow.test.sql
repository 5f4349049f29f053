begin;
select plan(1);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table fences (nth integer, fence bigint);
insert into fences select 1, fence from public.start_session('ended');

do $$
begin
  perform public.end_session('ended');
end
$$;

insert into fences select 2, fence from public.start_session('taken over');
insert into fences select 3, fence from public.start_session('expired', takeover => true);

reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '6 minutes',
  updated_at = updated_at - interval '6 minutes',
  deadline_at = deadline_at - interval '6 minutes',
  expires_at = expires_at - interval '6 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

insert into fences select 4, fence from public.start_session('again');

set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

insert into fences select 5, fence from public.start_session('another user''s');

select results_eq(
  'select nth from fences order by fence',
  array[1, 2, 3, 4, 5],
  'B4: whatever came before, a later grant has a higher fence'
);

select * from finish();
rollback;
