begin;
select plan(3);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

-- given: a table of the app's own with a trigger instead of a policy
create table public.test_answers (session_id text not null, fence bigint not null, answer text not null);
grant insert on table public.test_answers to authenticated;

create function public.test_answers_are_the_holders()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not public.holds_session(new.session_id, new.fence) then
    raise insufficient_privilege using message = 'This session is not yours any more.';
  end if;

  return new;
end
$$;

create trigger test_answers_are_the_holders
  before insert on public.test_answers
  for each row
  execute function public.test_answers_are_the_holders();

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table held as select * from public.start_session('held');

select lives_ok(
  $$ insert into public.test_answers select session_id, fence, 'while it was held' from held $$,
  'B5: the holder may insert'
);

-- when: its lease runs out
reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '6 minutes',
  updated_at = updated_at - interval '6 minutes',
  deadline_at = deadline_at - interval '6 minutes',
  expires_at = expires_at - interval '6 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

-- then
select throws_ok(
  $$ insert into public.test_answers select session_id, fence, 'too late' from held $$,
  '42501',
  'This session is not yours any more.',
  'B5: who slept through the end of the lease may not'
);

reset role;

select results_eq(
  'select answer from public.test_answers',
  $$ values ('while it was held') $$,
  'B5: nothing was written too late'
);

select * from finish();
rollback;
