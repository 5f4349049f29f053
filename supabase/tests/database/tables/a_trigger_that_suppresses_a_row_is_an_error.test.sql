begin;
\ir ../helpers.psql
select plan(4);

-- given: triggers of the app that return null
select pg_temp.create_user_with_session('ada', 'live');
select pg_temp.create_users('ben');
create function pg_temp.suppress()
returns trigger
language plpgsql
as $$
begin
  return null;
end
$$;
create trigger suppress before insert or update or delete on public.active_interview_sessions
  for each row execute function pg_temp.suppress();
create temp table before as select * from pg_temp.all_rows();

-- then
select isnt(
  (select code from pg_temp.refusal_of(
    $$ select public.start_session('new', interview_id => 'exam') $$,
    'authenticated', jsonb_build_object('sub', pg_temp.user_id('ben'))
  )), null, 'R2: a start that grants nothing is no row of nulls'
);
select isnt(
  (select code from pg_temp.refusal_of(
    $$ select public.start_session('new', takeover => true) $$,
    'authenticated', jsonb_build_object('sub', pg_temp.user_id('ada'))
  )), null, 'R2: nor is a takeover'
);
select isnt(
  (select code from pg_temp.refusal_of(
    $$ select public.heartbeat_session('live') $$,
    'authenticated', jsonb_build_object('sub', pg_temp.user_id('ada'))
  )), null, 'R2: nor is a heartbeat'
);
select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'C1: nothing has changed: no interview''s clock runs');

select * from finish();
rollback;
