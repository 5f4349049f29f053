-- Also in a transaction that outlasts the lease: now() stands still there, and the lease does not.
begin;
\ir ../helpers.psql
select plan(5);

-- given: a transaction that began before the lease ran out
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('held');

create function pg_temp.answers()
returns table (by_policy boolean, by_function boolean)
language sql
as $$
  select exists (select from public.active_interview_sessions where session_id = 'held'), public.holds_session('held');
$$;

select results_eq('select * from pg_temp.answers()', 'values (true, true)', 'B5: while the lease runs, the row is shown and the session is held');

-- when: the lease ends in the course of the transaction
select pg_temp.clear_authentication();
update public.active_interview_sessions
set expires_at = clock_timestamp() - interval '1 microsecond'
where user_id = pg_temp.user_id('ada');

select ok(expires_at > now(), 'the lease ended after the transaction began')
from pg_temp.active_session('ada');

select pg_temp.authenticate_as('ada');

-- then
select results_eq('select * from pg_temp.answers()', 'values (false, false)', 'B1: the row is hidden, and the session is not held');

select is(
  pg_temp.answer_of($$ select * from public.heartbeat_session('held') $$) ->> 'code', 'PT410',
  'B1: the functions say the same'
);

-- when
select from public.start_session('next');

-- then
select results_eq(
  'select session_id from public.active_interview_sessions', $$ values ('next') $$,
  'B1: the next session is shown at once'
);

select * from finish();
rollback;
