-- The complete comes too late, and the reaper has not run.
begin;
\ir ../helpers.psql
select plan(2);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('late');
select pg_temp.age_session('ada', '5 minutes');
create temp table late as select * from pg_temp.active_session('ada');

-- when
create temp table refusal as
select * from pg_temp.refusal_of($$ select public.complete_session('late') $$);

-- then
select results_eq(
  $$ select code, detail ->> 'end_reason', (detail ->> 'ended_at')::timestamptz from refusal $$,
  $$ select 'PT410', 'expired', expires_at from late $$,
  'B1: the session expired when its lease ran out'
);

select is_empty(
  $$ select * from pg_temp.active_session('ada') where status = 'completing' or expires_at > clock_timestamp() $$,
  'B4: it is neither completing nor live'
);

select * from finish();
rollback;
