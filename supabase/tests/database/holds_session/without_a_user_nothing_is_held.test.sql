begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('held');

select is(public.holds_session('held'), true, 'B5: Ada holds her session');

select pg_temp.act_as('authenticated');

select is(public.holds_session('held'), false, 'B5: without a user nothing is held');

set local request.jwt.claims to '';

select is(public.holds_session('held'), false, 'B5: nor is it without any claims');

select pg_temp.clear_authentication();
delete from auth.users where id = pg_temp.user_id('ada');
select pg_temp.authenticate_as('ada');

select is(public.holds_session('held'), false, 'R23: nor by a deleted user');

select * from finish();
rollback;
