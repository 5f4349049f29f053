-- Each holds a lock until the transaction ends, and the server's table of locks is shared by everybody.
begin;
\ir ../helpers.psql
select plan(4);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first', interview_id => 'exam');
grant select on granted to service_role;
select pg_temp.act_as('service_role');

-- when
create temp table extended as
select e.*
from generate_series(1, 500) n, public.extend_interview(pg_temp.user_id('ada'), 'exam', make_interval(secs => least(n, 1))) e;

-- then
select is((select max(deadline_at) from extended), (select deadline_at + interval '500 seconds' from granted), 'C1: 500 succeed');

create temp table refusal as
select * from pg_temp.refusal_of($$ select public.extend_interview(pg_temp.user_id('ada'), 'exam', '1 second') $$);

select results_eq(
  'select code, message from refusal',
  $$ values ('54000', 'More than 500 interviews were extended in one transaction. Nothing was changed.') $$,
  'M8: one more is refused'
);

select is(hint, 'Extend at most 500 at a time and commit in between.', 'M8: the hint says what to do')
from refusal;

select is(deadline_at, (select max(deadline_at) from extended), 'C1: and extends nothing')
from pg_temp.interview('ada', 'exam');

select * from finish();
rollback;
