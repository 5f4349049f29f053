begin;
\ir ../helpers.psql
select plan(3);

-- given: Ada has an ended and a live session, Ben a stale one, Cleo one without an interview
select pg_temp.create_users('ada', 'ben', 'cleo');
select pg_temp.authenticate_as('ben');
create temp table bens as select * from public.start_session('ben''s', interview_id => 'exam');
select pg_temp.age_session('ben', '6 minutes');
select pg_temp.authenticate_as('cleo');
create temp table cleos as select * from public.start_session('cleo''s');
select pg_temp.authenticate_as('ada');
create temp table ended as select * from public.start_session('ended', interview_id => 'exam');
create temp table live as select * from public.start_session('live', takeover => true, interview_id => 'exam');
grant select on bens, cleos, ended, live to service_role;

create temp table questions as
select u.name, s.session_id, f.fence, i.interview_id
from (values ('ada'), ('ben'), ('cleo'), ('nobody')) as u (name)
cross join (values ('ended'), ('live'), ('ben''s'), ('cleo''s'), ('never known'), (''), (null)) as s (session_id)
cross join (
  select null as fence union all
  select 0 union all
  select fence from bens union all
  select fence from cleos union all
  select fence from ended union all
  select fence from live
) f
cross join (values (null), ('exam'), ('other exam')) as i (interview_id);
grant select on questions to service_role;

-- when
create temp table told (name text, session_id text, fence bigint, interview_id text, holds boolean);
grant select, insert on told to authenticated, service_role;
do $$
declare
  v_name text;
begin
  for v_name in select distinct name from questions loop
    perform pg_temp.authenticate_as(v_name);
    insert into told
    select q.name, q.session_id, q.fence, q.interview_id, public.holds_session(q.session_id, q.fence, q.interview_id)
    from questions q
    where q.name = v_name;
  end loop;
end
$$;
select pg_temp.act_as('service_role');

-- then
select bag_eq(
  $$ select
      q.name, q.session_id, q.fence, q.interview_id,
      public.user_holds_session(pg_temp.user_id(q.name), q.session_id, q.fence, q.interview_id)
    from questions q $$,
  'select * from told',
  'B5: for every user, session, fence and interview a backend gets the answer that the user gets'
);

select bag_eq(
  $$ select name, session_id, fence = (select fence from live), interview_id from told where holds and name = 'ada' $$,
  $$ values
    ('ada', 'live', null::boolean, null),
    ('ada', 'live', null, 'exam'),
    ('ada', 'live', true, null),
    ('ada', 'live', true, 'exam') $$,
  'B5: Ada holds her live session, of this fence and this interview'
);

select bag_eq(
  $$ select name, session_id, interview_id from told where holds and name <> 'ada' $$,
  $$ values ('cleo', 'cleo''s', null), ('cleo', 'cleo''s', null) $$,
  'B5: a session without an interview is held, but is no session of one; a stale session is not held'
);

select * from finish();
rollback;
