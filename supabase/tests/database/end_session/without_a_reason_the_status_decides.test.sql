begin;
\ir ../helpers.psql
select plan(2);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('left');
create temp table of_left as select * from public.end_session('left');

select from public.start_session('submitted');
select from public.complete_session('submitted');
create temp table of_submitted as select * from public.end_session('submitted');

select results_eq(
  'select session_id, status, end_reason from of_left',
  $$ values ('left', 'active', 'disconnected') $$,
  'M3: an active session was disconnected'
);

select results_eq(
  'select session_id, status, end_reason from of_submitted',
  $$ values ('submitted', 'completing', 'completed') $$,
  'M4: a completing session was completed'
);

select * from finish();
rollback;
