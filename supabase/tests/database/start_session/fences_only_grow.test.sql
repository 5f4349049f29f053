begin;
\ir ../helpers.psql
select plan(1);

select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');

create temp table fences (nth integer, fence bigint);
insert into fences select 1, fence from public.start_session('ended');
select from public.end_session('ended');
insert into fences select 2, fence from public.start_session('taken over');
insert into fences select 3, fence from public.start_session('expired', takeover => true);
select pg_temp.age_session('ada', '6 minutes');
insert into fences select 4, fence from public.start_session('again');

select pg_temp.authenticate_as('ben');
insert into fences select 5, fence from public.start_session('another user''s');

select results_eq(
  'select nth from fences order by fence',
  array[1, 2, 3, 4, 5],
  'B4: a later grant has a higher fence, however the one before ended'
);

select * from finish();
rollback;
