begin;
select plan(6);

-- given: Ada's sessions follow one another, also at the very same instant; Ben's do as well, at the same times as hers
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('bbbbbbbb-0000-4000-8000-000000000002'),
  ('cccccccc-0000-4000-8000-000000000003'),
  ('dddddddd-0000-4000-8000-000000000004');
create function pg_temp.ended(who uuid, name text, grant_no bigint, began interval, was_over interval) returns void language sql as $$
  insert into public.interview_session_history (
    user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status
  )
  values (who, name, grant_no, now() - began, now() - was_over, now() - was_over, 'cleared', 'active')
$$;
create function pg_temp.lives(who uuid, name text, grant_no bigint, began interval) returns void language sql as $$
  insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
  values (who, name, grant_no, now() - began, now(), now() + interval '15 minutes', now() + interval '5 minutes')
$$;
create temp view found as
select user_id, session_id, now() - started_at as began, now() - earlier_ended_at as earlier_was_over
from sessions.overlapping_sessions()
where user_id in (
  'aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002',
  'cccccccc-0000-4000-8000-000000000003', 'dddddddd-0000-4000-8000-000000000004'
);
do $$
declare
  v_user uuid;
begin
  foreach v_user in array array['aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002']::uuid[] loop
    perform pg_temp.ended(v_user, 'first', 1, '60 minutes', '50 minutes');
    perform pg_temp.ended(v_user, 'second', 2, '50 minutes', '40 minutes');
    perform pg_temp.ended(v_user, 'third', 3, '30 minutes', '20 minutes');
    perform pg_temp.ended(v_user, 'of an instant', 4, '20 minutes', '20 minutes');
    perform pg_temp.lives(v_user, 'live', 5, '20 minutes');
  end loop;
end
$$;

-- then
select is_empty('select * from found', 'B7: sessions that touch do not overlap, nor do those of different users');

-- when: Cleo's second and third lie within her first, and her live one began before the fourth was over
do $$
begin
  perform pg_temp.ended('cccccccc-0000-4000-8000-000000000003', 'first', 1, '60 minutes', '30 minutes');
  perform pg_temp.ended('cccccccc-0000-4000-8000-000000000003', 'second', 2, '55 minutes', '50 minutes');
  perform pg_temp.ended('cccccccc-0000-4000-8000-000000000003', 'third', 3, '45 minutes', '40 minutes');
  perform pg_temp.ended('cccccccc-0000-4000-8000-000000000003', 'fourth', 4, '20 minutes', '10 minutes');
  perform pg_temp.lives('cccccccc-0000-4000-8000-000000000003', 'live', 5, '11 minutes');
end
$$;

-- then
select bag_eq(
  'select * from found',
  $$
    select 'cccccccc-0000-4000-8000-000000000003'::uuid, session_id, began, earlier_was_over
    from (
      values
        ('second', interval '55 minutes', interval '30 minutes'),
        ('third', interval '45 minutes', interval '30 minutes'),
        ('live', interval '11 minutes', interval '10 minutes')
    ) as wanted (session_id, began, earlier_was_over)
  $$,
  'B7: it finds which began too early, though another lie between, and how long the earlier one still lived'
);

-- when: of Dan's two that began in the same instant, the later grant
do $$
begin
  perform pg_temp.ended('dddddddd-0000-4000-8000-000000000004', 'later grant', 2, '60 minutes', '50 minutes');
  perform pg_temp.ended('dddddddd-0000-4000-8000-000000000004', 'earlier grant', 1, '60 minutes', '50 minutes');
end
$$;
select bag_eq(
  $$ select session_id from found where user_id = 'dddddddd-0000-4000-8000-000000000004' $$,
  $$ values ('later grant') $$,
  'B4: of two that began at once, it is the one with the higher fence that should not have'
);

-- A period of its own.
select bag_eq(
  $$
    select session_id from sessions.overlapping_sessions(now() - interval '35 minutes')
    where user_id = 'cccccccc-0000-4000-8000-000000000003'
  $$,
  $$ values ('live') $$,
  'B7: asked about a time, it looks at what lived then'
);

-- The functions themselves leave no overlap.
delete from public.active_interview_sessions where user_id = 'dddddddd-0000-4000-8000-000000000004';
delete from public.interview_session_history where user_id = 'dddddddd-0000-4000-8000-000000000004';
set local role authenticated;
set local request.jwt.claims to '{"sub": "dddddddd-0000-4000-8000-000000000004", "role": "authenticated"}';
create temp table a as select * from public.start_session('a');
create temp table b as select * from public.start_session('b', takeover => true);
create temp table b_ended as select * from public.end_session('b');
create temp table c as select * from public.start_session('c');
create temp table d as select * from public.start_session('d', takeover => true);
reset role;
select is_empty(
  $$ select * from found where user_id = 'dddddddd-0000-4000-8000-000000000004' $$,
  'B7: what the functions write does not overlap'
);
select is(
  (select ended_at from public.interview_session_history where session_id = 'c' and user_id = 'dddddddd-0000-4000-8000-000000000004'),
  (select created_at from d),
  'B7: a session that was taken over ends the instant the next begins'
);

select * from finish();
rollback;
