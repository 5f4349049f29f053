begin;
\ir ../helpers.psql
\ir realtime.psql
select plan(1);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first');
savepoint before_takeover;
select from public.start_session('second', takeover => true);
rollback to before_takeover;

select pg_temp.clear_authentication();
select is_empty('select * from realtime.messages', 'C4: a takeover that is undone tells nobody');

select * from finish();
rollback;
