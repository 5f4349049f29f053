-- Data came without the sequence: a restore of the data only, logical replication, a standby without the last
-- transactions.
begin;
\ir ../helpers.psql
select plan(10);

-- given
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
select pg_temp.create_users('ada');
select from public.reap_stale_sessions();
select setval('sessions.fence', 50);
select pg_temp.create_user_with_session('ben', 'live');

select is((select status from public.session_health()), 'ok', 'B4: a sequence ahead of every fence is no alarm');

-- when: the sequence starts again, under a live session
select setval('sessions.fence', 1, false);

-- then
select results_eq(
  'select status, reason from public.session_health()',
  $$ values (
    'critical',
    'The next fence would be 1, but 51 was already used: fences must only grow. Run: select sessions.lift_fence();'
  ) $$,
  'B4: it is critical, and the reason says what to run'
);

-- when
create temp table lifted as select sessions.lift_fence() as fence;

-- then
select is(fence, 51::bigint, 'B4: the statement lifts the sequence to the highest fence')
from lifted;

select is((select status from public.session_health()), 'ok', 'B4: which mends it');

select pg_temp.authenticate_as('ben');

select cmp_ok(fence, '>', 51::bigint, 'B4: the next grant has a higher fence')
from public.start_session('next', takeover => true);

-- when: it starts again under the history alone
select from public.end_session('next');
select pg_temp.clear_authentication();
select setval('sessions.fence', 3);

-- then
select matches(
  (select reason from public.session_health()), '^The next fence would be 4, but 54 was already used',
  'B4: a fence in the history counts, and one that was drawn at an end'
);

select is(sessions.lift_fence(), 54::bigint, 'B4: it is lifted above those');

-- when: it is ahead
select setval('sessions.fence', 1000);

-- then
select is(sessions.lift_fence(), 1000::bigint, 'B4: it never goes down');

-- when: the only fence is the first one of a new sequence
delete from public.interview_session_history where true;
update public.active_interview_sessions set fence = 1 where true;
insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
values (pg_temp.user_id('ada'), 'restored', 1, now(), now(), now() + interval '5 minutes', now() + interval '5 minutes');
select setval('sessions.fence', 1, false);

-- then
select matches(
  (select reason from public.session_health()), '^The next fence would be 1, but 1 was already used',
  'B4: the next fence is the same: that is noticed, too'
);

select sessions.lift_fence();
select pg_temp.authenticate_as('ada');

select cmp_ok(fence, '>', 1::bigint, 'B4: and mended')
from public.start_session('next', takeover => true);

select * from finish();
rollback;
