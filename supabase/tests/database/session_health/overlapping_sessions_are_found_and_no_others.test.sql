begin;
\ir ../helpers.psql
select plan(6);

-- The order of the grants excludes no overlap here: every session ended after every grant.
create function pg_temp.add_ended(who text, session_id text, fence bigint, began interval, ended interval)
returns void
language sql
as $$
  select pg_temp.add_ended_session(who, session_id, now() - began, now() - ended, 'cleared', fence, 100);
$$;

create function pg_temp.add_live(who text, session_id text, fence bigint, began interval)
returns void
language sql
as $$
  insert into public.active_interview_sessions (
    user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at
  )
  values (
    pg_temp.user_id(who), session_id, fence,
    now() - began, now(), now() + interval '15 minutes', now() + interval '5 minutes'
  );
$$;

create temp view found as
select user_id, session_id, now() - started_at as began, now() - earlier_ended_at as earlier_ended
from sessions.overlapping_sessions()
where user_id in (pg_temp.user_id('ada'), pg_temp.user_id('ben'), pg_temp.user_id('cleo'), pg_temp.user_id('dan'));

-- given: Ada's sessions follow one another, some at the same instant; Ben's do at the same times
select pg_temp.create_users('ada', 'ben', 'cleo', 'dan');
select
  pg_temp.add_ended(name, 'first', 1, '60 minutes', '50 minutes'),
  pg_temp.add_ended(name, 'second', 2, '50 minutes', '40 minutes'),
  pg_temp.add_ended(name, 'third', 3, '30 minutes', '20 minutes'),
  pg_temp.add_ended(name, 'of an instant', 4, '20 minutes', '20 minutes'),
  pg_temp.add_live(name, 'live', 5, '20 minutes')
from unnest(array['ada', 'ben']) name;

-- then
select is_empty('select * from found', 'B7: sessions that touch do not overlap, nor do those of different users');

-- when: Cleo's second and third lie within her first, and her live one began before the fourth ended
select
  pg_temp.add_ended('cleo', 'first', 1, '60 minutes', '30 minutes'),
  pg_temp.add_ended('cleo', 'second', 2, '55 minutes', '50 minutes'),
  pg_temp.add_ended('cleo', 'third', 3, '45 minutes', '40 minutes'),
  pg_temp.add_ended('cleo', 'fourth', 4, '20 minutes', '10 minutes'),
  pg_temp.add_live('cleo', 'live', 5, '11 minutes');

-- then
select bag_eq(
  'select * from found',
  $$ values
    (pg_temp.user_id('cleo'), 'second', interval '55 minutes', interval '30 minutes'),
    (pg_temp.user_id('cleo'), 'third', interval '45 minutes', interval '30 minutes'),
    (pg_temp.user_id('cleo'), 'live', interval '11 minutes', interval '10 minutes') $$,
  'B7: it finds each session that began too early, even with another between, and when the earlier one ended'
);

-- when: two of Dan's began at the same instant
select
  pg_temp.add_ended('dan', 'later grant', 2, '60 minutes', '50 minutes'),
  pg_temp.add_ended('dan', 'earlier grant', 1, '60 minutes', '50 minutes');

-- then
select bag_eq(
  $$ select session_id from found where user_id = pg_temp.user_id('dan') $$,
  $$ values ('later grant') $$,
  'B4: of two that began at once it reports the one with the higher fence'
);

select bag_eq(
  $$ select session_id
    from sessions.overlapping_sessions(now() - interval '35 minutes')
    where user_id = pg_temp.user_id('cleo') $$,
  $$ values ('live') $$,
  'B7: given a time, it looks only at sessions that were live since'
);

-- when: Dan starts, takes over and ends sessions
delete from public.interview_session_history where user_id = pg_temp.user_id('dan');
select pg_temp.authenticate_as('dan');
select from public.start_session('a');
select from public.start_session('b', takeover => true);
select from public.end_session('b');
select from public.start_session('c');
create temp table d as select * from public.start_session('d', takeover => true);
select pg_temp.clear_authentication();

-- then
select is_empty(
  $$ select * from found where user_id = pg_temp.user_id('dan') $$,
  'B7: what the functions write does not overlap'
);

select is(c.ended_at, d.created_at, 'B7: a session that is taken over ends the instant the next begins')
from pg_temp.history('dan') c, d
where c.session_id = 'c';

select * from finish();
rollback;
