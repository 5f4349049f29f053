-- A HOT update writes no index and stays in its page. The server counts them; within a transaction the counts of its
-- own are in pg_stat_xact_user_tables. Nothing can be cleared from a page before the transaction ends, so all of the
-- room for 200 heartbeats at once must have been there beforehand: it is the fillfactor that leaves it.
begin;
select plan(4);

-- given
create temp table users as
select format('aaaaaaaa-0000-4000-8000-%s', lpad(n::text, 12, '0'))::uuid as id
from generate_series(1, 200) n;
grant select on users to authenticated;
insert into auth.users (id) select id from users;

create function pg_temp.as_each_user(statement text) returns void language plpgsql as $$
declare
  v_user uuid;
begin
  for v_user in select id from users loop
    perform set_config('request.jwt.claims', json_build_object('sub', v_user, 'role', 'authenticated')::text, true);
    execute statement;
  end loop;
end
$$;

create temp view updates as
select n_tup_upd as all_of_them, n_tup_hot_upd as hot
from pg_stat_xact_user_tables
where relid = 'public.active_interview_sessions'::regclass;

set local role authenticated;
do $$ begin perform pg_temp.as_each_user('select public.start_session(gen_random_uuid()::text, device => ''Chrome on Windows'')'); end $$;
reset role;
create temp table before as select * from updates;

-- when
set local role authenticated;
do $$
begin
  perform pg_temp.as_each_user(
    'select public.heartbeat_session(a.session_id) from public.active_interview_sessions a'
  );
end
$$;
reset role;
create temp table after as select * from updates;

-- then
select is(after.all_of_them - before.all_of_them, 200::bigint, 'M12: each of 200 sessions was written by its heartbeat')
from before, after;
select is(after.hot - before.hot, 200::bigint, 'M11: and each of these updates was HOT')
from before, after;

-- Whether it can be told: an index on what a heartbeat changes, and none is.
create index on public.active_interview_sessions (expires_at);
set local role authenticated;
do $$
begin
  perform pg_temp.as_each_user(
    'select public.heartbeat_session(a.session_id) from public.active_interview_sessions a'
  );
end
$$;
reset role;
select is(updates.all_of_them - after.all_of_them, 200::bigint, 'with an index on expires_at each is written, too')
from updates, after;
select is(updates.hot - after.hot, 0::bigint, 'but none of them HOT')
from updates, after;

select * from finish();
rollback;
