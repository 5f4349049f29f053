-- Sessions in quick succession, checked with the query that finds overlaps.
begin;
\ir ../helpers.psql
select plan(2);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('one');
select from public.end_session('one');
select from public.start_session('two');
select from public.start_session('three', takeover => true);
select from public.complete_session('three');
select from public.end_session('three');
select from public.start_session('four');
select pg_temp.clear_authentication();

-- then
select is_empty(
  $$ select session_id from sessions.overlapping_sessions() where user_id = pg_temp.user_id('ada') $$,
  'B7: no session began while an earlier one was live'
);

-- when: one of them is made to end later, by the clock and in the order of the grants
update public.interview_session_history
set ended_at = ended_at + interval '1 minute', ended_fence = ended_fence + 100
where user_id = pg_temp.user_id('ada') and session_id = 'one';

-- then
select bag_eq(
  $$ select session_id from sessions.overlapping_sessions() where user_id = pg_temp.user_id('ada') $$,
  array['two', 'three', 'four'],
  'B7: the query finds the overlap'
);

select * from finish();
rollback;
