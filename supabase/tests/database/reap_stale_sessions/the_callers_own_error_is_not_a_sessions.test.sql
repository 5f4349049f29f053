begin;
\ir ../helpers.psql
select plan(2);

-- given: a stale session, and a deferred constraint that the caller has violated so far
delete from public.active_interview_sessions where true;
select pg_temp.create_user_with_session('ada', 'crashed', '6 minutes');
create table public.parents_of_the_app (id integer primary key);
create table public.children_of_the_app (parent integer references public.parents_of_the_app deferrable initially deferred);
insert into public.children_of_the_app values (1);

-- when, then
select throws_ok('select public.reap_stale_sessions()', '23503', null, 'M13: the run fails with the caller''s error');
select is_empty('select from sessions.reap_failures', 'M13: no session is blamed for it');

select * from finish();
rollback;
