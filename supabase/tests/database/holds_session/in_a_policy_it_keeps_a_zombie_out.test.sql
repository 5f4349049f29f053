begin;
\ir ../helpers.psql
select plan(8);

-- given: a table of the app that only the holder of a session may use
select pg_temp.create_users('ada', 'ben');
create table public.test_answers (session_id text not null, fence bigint, answer text not null);
alter table public.test_answers enable row level security;
grant insert, select, update on table public.test_answers to authenticated;

create policy "the holder of a session writes" on public.test_answers
  for insert
  to authenticated
  with check ((select public.holds_session(session_id, fence)));

create policy "the holder of a session reads" on public.test_answers
  for select
  to authenticated
  using ((select public.holds_session(session_id, fence)));

select pg_temp.authenticate_as('ada');
create temp table zombie as select * from public.start_session('zombie');

select lives_ok(
  $$ insert into public.test_answers select session_id, fence, 'while it was held' from zombie $$,
  'B5: the holder may insert'
);

select results_eq(
  'select answer from public.test_answers',
  $$ values ('while it was held') $$,
  'B5: the holder may read'
);

-- when
create temp table successor as select * from public.start_session('successor', takeover => true);

-- then
select throws_ok(
  $$ insert into public.test_answers select session_id, fence, 'too late' from zombie $$,
  '42501',
  'new row violates row-level security policy for table "test_answers"',
  'R10: after the takeover the zombie may not insert'
);

select throws_ok(
  $$ insert into public.test_answers select 'successor', fence, 'too late' from zombie $$,
  '42501',
  'new row violates row-level security policy for table "test_answers"',
  'R10: nor under its successor''s id with its own fence'
);

select is_empty(
  'select answer from public.test_answers',
  'R10: nor read'
);

select lives_ok(
  $$ insert into public.test_answers select session_id, fence, 'by the successor' from successor $$,
  'B5: the successor may insert'
);

select pg_temp.authenticate_as('ben');

select throws_ok(
  $$ insert into public.test_answers values ('successor', null, 'by another user') $$,
  '42501',
  'new row violates row-level security policy for table "test_answers"',
  'R33: another user may not'
);

select pg_temp.clear_authentication();

select bag_eq(
  'select answer from public.test_answers',
  array['while it was held', 'by the successor'],
  'B5: only holders have written'
);

select * from finish();
rollback;
