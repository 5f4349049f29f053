-- Nor does the number of users matter.
begin;
\ir ../helpers.psql
select plan(7);

-- given: one live session, 12 000 ended ones, the last of them of Ben
delete from public.active_interview_sessions where true;
delete from public.interview_session_history where true;
select pg_temp.create_user_with_session('ada', 'ada''s'), pg_temp.create_users('ben');
create function pg_temp.add_ended_sessions(how_many integer, before timestamptz)
returns void
language sql
as $$
  insert into public.interview_session_history (
    user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status, ended_fence
  )
  select
    pg_temp.user_id('ada'), how_many || ' ' || n, 0, ended_at - interval '1 second', ended_at, ended_at, 'completed', 'active', 0
  from generate_series(1, how_many) n, lateral (select before - n * interval '0.1 seconds' as ended_at) e;
$$;
select pg_temp.add_ended_sessions(12000, now());
select pg_temp.add_ended_session('ben', 'too old', now() - interval '3 hours', now() - interval '2 hours');
analyze public.interview_session_history;
analyze auth.users;

create temp view read as
select
  pg_stat_get_xact_tuples_fetched('public.interview_session_history'::regclass) as sessions,
  pg_stat_get_xact_tuples_returned('public.interview_session_history'::regclass) as sessions_scanned,
  pg_stat_get_xact_tuples_returned('auth.users'::regclass) as users_scanned;
create temp table measured (call text, sessions bigint, sessions_scanned bigint, users_scanned bigint);
grant select on read to authenticated;
grant insert on measured to authenticated;

create function pg_temp.measure(call text)
returns void
language plpgsql
as $$
declare
  v_before read := (select r from read r);
begin
  execute call;
  insert into measured
  select call, r.sessions - v_before.sessions, r.sessions_scanned - v_before.sessions_scanned, r.users_scanned - v_before.users_scanned
  from read r;
end
$$;

create temp table calls (call) as values
  ('select from public.admin_live_sessions(search => ''nobody'')'),
  ('select from public.admin_session_history(search => ''nobody'')'),
  ('select from public.admin_session_history(order_by => ''duration'')'),
  ('select from public.admin_session_history(since => now() - interval ''1 minute'')'),
  ('select from public.admin_session_details(pg_temp.user_id(''ben''), ''too old'')');
grant select on calls to authenticated;

-- when
select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');
select pg_temp.measure(call) from calls;
select pg_temp.clear_authentication();
select pg_temp.add_ended_sessions(20000, now() - interval '1 day');
insert into auth.users (id) select gen_random_uuid() from generate_series(1, 20000);
analyze public.interview_session_history;
analyze auth.users;
select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');
select pg_temp.measure(call) from calls;
select pg_temp.clear_authentication();

-- then
select is_empty(
  'select call from measured group by call having count(*) <> 2 or count(distinct sessions) <> 1',
  'M17: each call reads as many sessions as before'
);
select is((select max(sessions_scanned - sessions) from measured), 0::bigint, 'M17: by index, never by a scan of the history');
select cmp_ok((select max(users_scanned) from measured), '<=', 2::bigint, 'M17: nor are the 20 000 users scanned, which the two before were');
select cmp_ok((select max(sessions) from measured), '<=', 10000::bigint, 'M17: at most the latest 10 000');
select cmp_ok(
  (select max(sessions) from measured where call like '%1 minute%'), '<=', 600::bigint,
  'M17: of a short period only what ended in it'
);
select cmp_ok((select max(sessions) from measured where call like '%details%'), '<=', 3::bigint, 'M17: of a session only what its user has');

select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');
select results_eq(
  'select total, searched_since from public.admin_session_history(search => ''too old'')',
  'select 0::bigint, now() - 10000 * interval ''0.1 seconds''',
  'M17: the answer says how far back it was searched'
);

select * from finish();
rollback;
