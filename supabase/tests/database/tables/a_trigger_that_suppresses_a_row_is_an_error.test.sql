begin;
\ir ../helpers.psql
select plan(10);

-- given: triggers of the app that return null
create function pg_temp.suppress()
returns trigger
language plpgsql
as $$
begin
  return null;
end
$$;

-- What a call answers while writes to a table are suppressed; null if it does not fail.
create function pg_temp.refusal_while(written text, relation regclass, user_name text, call text)
returns text
language plpgsql
as $$
declare
  v_answer jsonb;
begin
  execute format('create trigger suppress before %s on %s for each row execute function pg_temp.suppress()', written, relation);
  if user_name is null then
    perform pg_temp.act_as('service_role');
  else
    perform pg_temp.authenticate_as(user_name);
  end if;
  v_answer := pg_temp.answer_of(call);
  perform pg_temp.clear_authentication();
  execute format('drop trigger suppress on %s', relation);
  return format('%s %s', v_answer ->> 'code', v_answer ->> 'message');
end
$$;

delete from public.active_interview_sessions where true;
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ada');
select from public.start_session('live', interview_id => 'exam');
select pg_temp.clear_authentication();
create temp table before as select * from pg_temp.all_rows();

-- then
select is(
  pg_temp.refusal_while(written, relation::regclass, user_name, call),
  format('55000 A trigger on %s suppressed the write. Nothing was changed.', relation),
  format('C1: %s, without %s on %s, is an error', call, written, relation)
)
from (
  values
    ('insert', 'public.active_interview_sessions', 'ben', $$ select public.start_session('new', interview_id => 'exam') $$),
    ('delete', 'public.active_interview_sessions', 'ada', $$ select public.start_session('new', takeover => true) $$),
    ('update', 'public.active_interview_sessions', 'ada', $$ select public.heartbeat_session('live') $$),
    ('update', 'public.active_interview_sessions', 'ada', $$ select public.complete_session('live') $$),
    ('insert', 'public.interview_session_history', 'ada', $$ select public.end_session('live') $$),
    ('insert', 'public.interviews', 'ben', $$ select public.start_session('new', interview_id => 'exam') $$),
    ('update', 'public.interviews', 'ada', $$ select public.end_session('live', 'completed') $$),
    (
      'update', 'public.active_interview_sessions', null,
      format($$ select public.extend_interview(%L, 'exam', '1 hour') $$, pg_temp.user_id('ada'))
    )
) as calls (written, relation, user_name, call);

select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'C1: nothing has changed');

-- when: the session crashes, and the reaper cannot write the history
select pg_temp.age_session('ada', '6 minutes');
create trigger suppress before insert on public.interview_session_history for each row execute function pg_temp.suppress();
create temp table reaped as select * from public.reap_stale_sessions();

-- then
select results_eq(
  $$ select a.session_id, r.reaped, r.failed
    from public.active_interview_sessions a, (select * from sessions.reaper_runs order by ran_at desc, id desc limit 1) r $$,
  $$ values ('live', 0, 1) $$,
  'B7: a session that cannot be written to the history stays, and counts as failed'
);

select * from finish();
rollback;
