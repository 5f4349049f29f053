begin;
\ir ../helpers.psql
select plan(4);

-- given: Ada and Ben each have an ended and a live session
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('ended');
select from public.start_session('live', takeover => true);
select pg_temp.authenticate_as('ben');
select from public.start_session('ended');
select from public.start_session('live', takeover => true);
select pg_temp.clear_authentication();

-- when
delete from auth.users where id = pg_temp.user_id('ada');

-- then
select is_empty(
  $$ select * from pg_temp.active_session('ada') $$,
  'M1: the live session is deleted with the user'
);

select is_empty(
  $$ select * from pg_temp.history('ada') $$,
  'M1: so is the history'
);

select results_eq(
  $$ select session_id from pg_temp.active_session('ben') $$,
  $$ values ('live') $$,
  'M8: the other user''s session is live'
);

select results_eq(
  $$ select session_id from pg_temp.history('ben') $$,
  $$ values ('ended') $$,
  'M8: the other user''s history is kept'
);

select * from finish();
rollback;
