begin;
\ir ../helpers.psql
select plan(1);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
set local synchronous_commit to on;

select from public.start_session('first');
select from public.start_session('first');
select from public.complete_session('first');
select from public.holds_session('first');
select from public.end_session('first');

select is(current_setting('synchronous_commit'), 'on', 'a start, a retry, a complete and an end commit synchronously');

select * from finish();
rollback;
