-- An error that says something about the row postpones the row. One that says that the server cannot write ends the run, which the next one repeats.
begin;
\ir ../helpers.psql
select plan(5);

-- given: a stale session that a trigger of the app refuses, and one behind it
delete from public.active_interview_sessions where true;
select
  pg_temp.create_user_with_session('ada', 'bad', '6 minutes'),
  pg_temp.create_user_with_session('ben', 'good', '6 minutes');
create temp table before as select * from pg_temp.all_rows();

create function pg_temp.refuse()
returns trigger
language plpgsql
as $$
begin
  if new.session_id = 'bad' then
    raise exception using errcode = current_setting('test.sqlstate'), message = 'refused';
  end if;
  return new;
end
$$;
create trigger refuse before insert on public.interview_session_history for each row execute function pg_temp.refuse();

-- What a run answers to such an error; what it does is undone.
create function pg_temp.run_with(state text)
returns text
language plpgsql
as $$
declare
  v_answer jsonb;
begin
  perform set_config('test.sqlstate', state, true);
  v_answer := pg_temp.answer_of('select session_id from public.reap_stale_sessions()');
  return coalesce(v_answer ->> 'code', v_answer #>> '{0,session_id}');
end
$$;

-- when, then
select is_empty(
  $$ select state, pg_temp.run_with(state)
    from unnest(array['P0001', '23505', '23514', '22001', '42501', '42P01', '55000', '55006', '55P03', 'PT410', 'XX000', 'P0004', '08006', '40001', '40P01', '57P01', '58030']) state
    where pg_temp.run_with(state) is distinct from 'good' $$,
  'M13: an error that the row, a trigger or a lock on it causes holds up nobody'
);

select is_empty(
  $$ select state, pg_temp.run_with(state)
    from unnest(array['25006', '53100', '53200']) state
    where pg_temp.run_with(state) is distinct from state $$,
  'M13: one that says that the server cannot write ends the run'
);

select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'M13: and changes nothing');

-- when: it is gone at the next run
set local test.sqlstate to '53100';
select is(pg_temp.run_with('53100'), '53100', 'M13: a run that ends so');
drop trigger refuse on public.interview_session_history;
create temp table reaped as select * from public.reap_stale_sessions();

-- then
select bag_eq('select session_id from reaped', array['bad', 'good'], 'M13: is made good by the next');

select * from finish();
rollback;
