-- However often it is ended.
begin;
\ir ../helpers.psql
select plan(2);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');

-- given: ended three times
select from public.start_session('one');
select from public.end_session('one', 'completed');
select from public.end_session('one', 'completed');
select from public.end_session('one', 'cleared');
-- taken over, then ended, and its successor ended
select from public.start_session('two');
select from public.start_session('three', takeover => true);
select from public.end_session('two');
select from public.end_session('three', 'cleared');
select from public.end_session('two');
-- ended after its lease has run out
select from public.start_session('four');
select pg_temp.age_session('ada', '6 minutes');
select from public.end_session('four');
select from public.end_session('four');
select from public.start_session('five');
select from public.end_session('four');

select results_eq(
  $$ select session_id, end_reason from pg_temp.history('ada') $$,
  $$ values
    ('one', 'completed'),
    ('two', 'taken_over'),
    ('three', 'cleared'),
    ('four', 'expired') $$,
  'B7: each ended session has one row, with its first end reason'
);

select results_eq(
  $$ select session_id from pg_temp.active_session('ada') $$,
  $$ values ('five') $$,
  'B7: the live session has none'
);

select * from finish();
rollback;
