begin;
\ir ../helpers.psql
select plan(2);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('left');
create temp table of_left as select * from public.end_session('left');

select from public.start_session('handed in');
select from public.complete_session('handed in');
create temp table of_handed_in as select * from public.end_session('handed in');

select results_eq(
  'select session_id, status, end_reason from of_left',
  $$ values ('left', 'active', 'disconnected') $$,
  'M3: an active session was disconnected'
);

select results_eq(
  'select session_id, status, end_reason from of_handed_in',
  $$ values ('handed in', 'completing', 'completed') $$,
  'M4: a completing session was completed'
);

select * from finish();
rollback;
