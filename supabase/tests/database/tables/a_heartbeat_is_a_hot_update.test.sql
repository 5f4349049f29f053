-- A HOT update writes no index and stays in its page. pg_stat_xact_user_tables counts the updates of this transaction.
-- No page can be cleaned up before the transaction ends, so the room for 200 heartbeats must be there beforehand: the
-- fillfactor leaves it.
begin;
\ir ../helpers.psql
select plan(4);

create function pg_temp.heartbeat_of_each()
returns void
language plpgsql
as $$
begin
  for n in 1 .. 200 loop
    perform pg_temp.authenticate_as('user ' || n);
    perform public.heartbeat_session('session ' || n);
  end loop;
  perform pg_temp.clear_authentication();
end
$$;

create temp view updates as
select n_tup_upd as total, n_tup_hot_upd as hot
from pg_stat_xact_user_tables
where relid = 'public.active_interview_sessions'::regclass;

-- given
select pg_temp.create_users('user ' || n) from generate_series(1, 200) n;
do $$
begin
  for n in 1 .. 200 loop
    perform pg_temp.authenticate_as('user ' || n);
    perform public.start_session('session ' || n, device => 'Chrome on Windows');
  end loop;
  perform pg_temp.clear_authentication();
end
$$;
create temp table before as select * from updates;

-- when
select pg_temp.heartbeat_of_each();
create temp table after as select * from updates;

-- then
select is(after.total - before.total, 200::bigint, 'M12: each of 200 heartbeats is one update')
from before, after;

select is(after.hot - before.hot, 200::bigint, 'M11: each of them is HOT')
from before, after;

-- when: there is an index on a column that a heartbeat changes
create index on public.active_interview_sessions (expires_at);
select pg_temp.heartbeat_of_each();

-- then: this test notices
select is(updates.total - after.total, 200::bigint, 'with an index on expires_at each heartbeat is one update')
from updates, after;

select is(updates.hot - after.hot, 0::bigint, 'but none of them is HOT')
from updates, after;

select * from finish();
rollback;
