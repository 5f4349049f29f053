-- A nearly full disk makes a database read-only. That is not the fault of a session: nothing is tried row by row.
begin;
\ir ../helpers.psql
select plan(5);

-- given: stale sessions
delete from public.active_interview_sessions where true;
select pg_temp.create_user_with_session('user ' || n, 'crashed', '6 minutes') from generate_series(1, 20) n;
create temp table before as select * from pg_temp.all_rows();

-- when: an error undoes the change of the setting
create temp table refusal as
select *
from pg_temp.refusal_of(
  $$ do $do$ begin perform set_config('transaction_read_only', 'on', true), public.reap_stale_sessions(); end $do$ $$
);

-- then
select is(code, '25006', 'M13: the run fails with the server''s error')
from refusal;

select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'M13: nothing is moved, marked or counted as failed');

-- given: each attempt to write the history is counted, and is refused as if the database were read-only
create sequence pg_temp.attempts;
create function pg_temp.read_only()
returns trigger
language plpgsql
as $$
begin
  perform nextval('pg_temp.attempts');
  raise read_only_sql_transaction using message = 'cannot execute INSERT in a read-only transaction';
end
$$;
create trigger read_only before insert on public.interview_session_history for each row execute function pg_temp.read_only();

-- when, then
select throws_ok('select public.reap_stale_sessions()', '25006', null, 'M13: the run fails');
select is(currval('pg_temp.attempts'), 1::bigint, 'M13: after the first attempt, not after one for each session');
select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'M13: nothing is moved, marked or counted as failed');

select * from finish();
rollback;
