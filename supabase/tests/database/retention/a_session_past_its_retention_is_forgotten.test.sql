-- Whether its row is still in the table, in the history, or was pruned.
begin;
\ir ../helpers.psql
select plan(6);

-- given: sessions that crashed or ended just after and just before the limit of the retention
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
delete from sessions.reaper_runs where true;
select pg_temp.create_users('crashed, too old', 'crashed, kept', 'ended, too old', 'ended, kept', 'ended early, too old', 'ended early, kept');

create function pg_temp.prepare(user_name text, age interval)
returns void
language plpgsql
as $$
begin
  perform pg_temp.authenticate_as(user_name);
  if user_name like 'ended early%' then
    perform public.end_session('old');
  else
    perform public.start_session('old');
  end if;
  if user_name like 'ended,%' then
    perform public.end_session('old');
  end if;
  -- What crashed ends with its lease, five minutes later.
  perform pg_temp.let_time_pass(user_name, age + case when user_name like 'crashed%' then interval '5 minutes' else '0' end);
  perform pg_temp.clear_authentication();
end
$$;

select pg_temp.prepare(prefix || suffix, age)
from (values ('crashed, '), ('ended, '), ('ended early, ')) as prefixes (prefix)
cross join (values ('too old', interval '90 days 1 minute'), ('kept', interval '89 days 23:59:00')) as ages (suffix, age);

create function pg_temp.answers()
returns table (user_name text, call text, answer jsonb)
language plpgsql
as $$
begin
  foreach user_name in array array['crashed, too old', 'crashed, kept', 'ended, too old', 'ended, kept', 'ended early, too old', 'ended early, kept'] loop
    perform pg_temp.authenticate_as(user_name);
    foreach call in array array[
      $q$ select session_id, previous_session_id, deadline_at - created_at as time from public.start_session('old') $q$,
      $q$ select * from public.heartbeat_session('old') $q$,
      $q$ select * from public.complete_session('old') $q$,
      -- The order of the ends is drawn when a row goes to the history.
      $q$ select to_jsonb(e) - array['fence', 'ended_fence'] as ended from public.end_session('old') e $q$,
      $q$ select session_id from public.end_session('old', 'cleared'), public.start_session('old') $q$,
      $q$ select public.holds_session('old') $q$
    ] loop
      answer := pg_temp.answer_of(call);
      return next;
    end loop;
  end loop;
  perform pg_temp.clear_authentication();
end
$$;

-- when
create temp table before as select * from pg_temp.answers();
select pg_temp.reap_and_prune();
create temp table after as select * from pg_temp.answers();

-- then
select is_empty(
  'select session_id from public.active_interview_sessions',
  'M13: the reaper has moved what crashed'
);

select is_empty(
  'select session_id from public.interview_session_history where ended_at < clock_timestamp() - interval ''90 days''',
  'M13: and pruned what is too old'
);

select bag_eq('select * from after', 'select * from before', 'B1: every answer is the same after it as before');

select bag_eq(
  $$ select user_name, answer from before where call like '%public.start_session(''old'') ' and call not like '%end_session%' and user_name like '%too old' $$,
  $$ select name, '[{"session_id": "old", "previous_session_id": null, "time": "00:15:00"}]'::jsonb
    from unnest(array['crashed, too old', 'ended, too old', 'ended early, too old']) name $$,
  'B6: an id past its retention can be started again'
);

select set_eq(
  $$ select answer ->> 'message' from before where (call like '%heartbeat%' or call like '%complete%') and user_name like '%too old' $$,
  array['There is no such interview session.'],
  'B6: and was never known'
);

select bag_eq(
  $$ select user_name, answer ->> 'code' as code, answer ->> 'message' as message from before
    where call like '%previous_session_id%' and user_name like '%kept' $$,
  $$ values
    ('crashed, kept', 'PT410', 'This interview ended because its page lost contact for too long.'),
    ('ended, kept', 'PT410', 'This interview was left.'),
    ('ended early, kept', 'PT410', 'This interview was left.') $$,
  'B6: an id within its retention cannot'
);

select * from finish();
rollback;
