begin;
\ir ../helpers.psql
select plan(7);

-- given: Ada's other interview is live, Ben's has the same id, Cleo's session belongs to no interview
select pg_temp.create_users('ada', 'ben', 'cleo');
select pg_temp.authenticate_as('ben');
select from public.start_session('ben''s', interview_id => 'exam');
select pg_temp.authenticate_as('cleo');
select from public.start_session('cleo''s');
select pg_temp.authenticate_as('ada');
select from public.start_session('first', interview_id => 'exam');
select from public.start_session('second', takeover => true, interview_id => 'other exam');
select pg_temp.clear_authentication();
create temp table before as select * from pg_temp.all_rows();
grant select on before to service_role;

-- when, then
select pg_temp.act_as('service_role');

select is_empty(
  format('select * from public.extend_interview(%L, %L, %L)', user_id, interview_id, '1 minute'),
  description
)
from (
  values
    (pg_temp.user_id('ada'), 'never known', 'C1: no row for an interview that has never begun'),
    (pg_temp.user_id('ben'), 'other exam', 'C1: nor for another user''s'),
    (pg_temp.user_id('cleo'), 'cleo''s', 'C1: nor for a session'),
    (pg_temp.user_id('nobody'), 'exam', 'C1: nor for a user who does not exist')
) as calls (user_id, interview_id, description);

select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'C1: and nothing is extended or recorded');

-- when
create temp table extended as select * from public.extend_interview(pg_temp.user_id('ada'), 'exam', '1 minute');

-- then
select is(interview_id, 'exam', 'C1: it is Ada''s')
from extended;

select bag_eq(
  $$ select * from pg_temp.all_rows()
    where table_name <> 'extensions' and contents <> (select to_jsonb(extended) from extended) $$,
  $$ select * from before
    where (table_name, contents ->> 'user_id', contents ->> 'interview_id')
      is distinct from ('interviews', pg_temp.user_id('ada')::text, 'exam') $$,
  'C1: no other interview is changed, and no session of another one'
);

select * from finish();
rollback;
