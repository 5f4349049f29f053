-- Rows for which triggers of the app refuse every write, in front of rows that can be moved.
begin;
\ir ../helpers.psql
select plan(8);

-- given: 200 stale sessions that cannot be moved, and 20 behind them that can
delete from public.active_interview_sessions where true;
delete from sessions.reaper_runs where true;
select pg_temp.create_user_with_session('bad ' || n, 'bad', '6 minutes') from generate_series(1, 200) n;
select pg_temp.create_user_with_session('good ' || n, 'good', '6 minutes') from generate_series(1, 20) n;

create function pg_temp.refuse()
returns trigger
language plpgsql
as $$
begin
  if new.session_id = 'bad' then
    raise check_violation using message = 'The app does not want this row.';
  end if;
  return new;
end
$$;
create trigger refuse before insert on public.interview_session_history for each row execute function pg_temp.refuse();
create trigger refuse before update on public.active_interview_sessions for each row execute function pg_temp.refuse();

create function pg_temp.reap(batch_size integer, calls integer)
returns void
language plpgsql
as $$
begin
  perform pg_temp.act_as('service_role');
  for n in 1 .. calls loop
    perform public.reap_stale_sessions(batch_size);
  end loop;
  perform pg_temp.clear_authentication();
end
$$;

-- when: 22 calls of 10 each, which are just enough for all
select pg_temp.reap(10, 22);

-- then: each row was tried once, so that the calls reached the good ones
select is((select sum(failed) from sessions.reaper_runs), 200::bigint, 'M13: each of them fails once');
select is((select max(failed + reaped) from sessions.reaper_runs), 10, 'M12: no call tries more rows than its batch');
select is((select count(*) from sessions.reap_failures), 200::bigint, 'M13: the time of each next attempt is recorded');
select is((select sum(reaped) from sessions.reaper_runs), 20::bigint, 'M13: the good ones are moved');

-- when: others crash, and all attempts are due again
update sessions.reap_failures set retry_at = now() where true;
select pg_temp.create_user_with_session('late ' || n, 'late', '6 minutes') from generate_series(1, 15) n;
delete from sessions.reaper_runs where true;
select pg_temp.reap(10, 1);

-- then
select results_eq('select reaped, failed from sessions.reaper_runs', 'values (10, 0)', 'M13: what never failed comes first');

-- when
select pg_temp.reap(10, 1);

-- then
select results_eq(
  'select reaped, failed from sessions.reaper_runs order by ran_at desc, id desc limit 1', 'values (5, 1)',
  'M12: what failed takes at most a tenth of a batch'
);

-- when: the cause is removed
drop trigger refuse on public.interview_session_history;
drop trigger refuse on public.active_interview_sessions;
update sessions.reap_failures set retry_at = now() where true;
select pg_temp.reap(1000, 2);

-- then
select results_eq(
  'select reaped, failed from sessions.reaper_runs order by ran_at desc, id desc limit 2', 'values (100, 0), (100, 0)',
  'M13: then they are moved, a tenth of a batch in each call'
);

select is_empty('select session_id from public.active_interview_sessions', 'M12: no stale session is left');

select * from finish();
rollback;
