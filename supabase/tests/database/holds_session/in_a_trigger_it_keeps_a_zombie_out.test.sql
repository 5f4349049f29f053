begin;
\ir ../helpers.psql
select plan(3);

-- given: a table of the app with a trigger instead of a policy
select pg_temp.create_users('ada');
create table public.test_answers (session_id text not null, fence bigint not null, answer text not null);
grant insert on table public.test_answers to authenticated;

create function public.test_answers_are_the_holders()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if not public.holds_session(new.session_id, new.fence) then
    raise insufficient_privilege using message = 'You no longer hold this session.';
  end if;

  return new;
end
$$;

create trigger test_answers_are_the_holders
  before insert on public.test_answers
  for each row
  execute function public.test_answers_are_the_holders();

select pg_temp.authenticate_as('ada');
create temp table held as select * from public.start_session('held');

select lives_ok(
  $$ insert into public.test_answers select session_id, fence, 'while it was held' from held $$,
  'B5: the holder may insert'
);

-- when: the lease runs out
select pg_temp.age_session('ada', '6 minutes');

-- then
select throws_ok(
  $$ insert into public.test_answers select session_id, fence, 'too late' from held $$,
  '42501',
  'You no longer hold this session.',
  'B5: after the lease has run out the client may not'
);

select pg_temp.clear_authentication();

select results_eq(
  'select answer from public.test_answers',
  $$ values ('while it was held') $$,
  'B5: nothing was written too late'
);

select * from finish();
rollback;
