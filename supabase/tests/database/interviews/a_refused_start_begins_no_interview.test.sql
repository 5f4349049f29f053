begin;
\ir ../helpers.psql
select plan(4);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('ended');
select from public.end_session('ended');
select from public.start_session('held', interview_id => 'exam');
create temp table before as select * from pg_temp.all_rows();
grant select on before to authenticated;

-- when, then
select throws_ok($$ select public.start_session('wanted', interview_id => 'exam') $$, 'PT409', null, 'B3: a session of the same interview is live');
select throws_ok($$ select public.start_session('wanted', interview_id => 'new') $$, 'PT409', null, 'B3: also for another interview');
select throws_ok($$ select public.start_session('ended', interview_id => 'new') $$, 'PT410', null, 'B6: the id has ended');
select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'C1: nothing has changed');

select * from finish();
rollback;
