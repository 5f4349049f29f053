begin;
select plan(6);

create temp view wrappers as
select w.*, l.lanname as language, d.oid as behind, d.prosecdef as behind_is_definer
from pg_proc w
join pg_language l on l.oid = w.prolang
left join pg_proc d
  on d.pronamespace = 'sessions'::regnamespace and d.proname = w.proname and d.proargtypes = w.proargtypes
where w.pronamespace = 'public'::regnamespace
  and (
    w.proname in (select s.proname from pg_proc s where s.pronamespace = 'sessions'::regnamespace)
    or w.prosrc like '%sessions.%'
  );

select bag_eq(
  'select proname::text from wrappers',
  $$
    values
      ('start_session'), ('heartbeat_session'), ('complete_session'), ('end_session'), ('holds_session'),
      ('revoke_session'), ('reap_stale_sessions'), ('session_health'),
      ('admin_live_sessions'), ('admin_ended_sessions'), ('admin_session_health'), ('admin_revoke_session')
  $$,
  'B8: the API is these twelve functions, none of them overloaded'
);
select is_empty(
  'select oid::regprocedure from wrappers where prosecdef or behind_is_definer is not true',
  'B8: each runs with the rights of its caller, before one of the same name and arguments that does not'
);
select is_empty(
  $$
    select w.oid::regprocedure
    from wrappers w
    where pg_get_function_arguments(w.oid) <> pg_get_function_arguments(w.behind)
      or pg_get_function_result(w.oid) <> pg_get_function_result(w.behind)
  $$,
  'B8: the two have the same names of arguments, defaults and results'
);
select bag_eq(
  'select language::text, btrim(regexp_replace(prosrc, E''\\s+'', '' '', ''g'')) from wrappers',
  $$
    values
      ('plpgsql', 'begin return sessions.start_session(session_id, takeover, device); end'),
      ('plpgsql', 'begin return sessions.heartbeat_session(session_id); end'),
      ('plpgsql', 'begin return sessions.complete_session(session_id); end'),
      ('plpgsql', 'begin return query select * from sessions.end_session(session_id, reason); end'),
      ('plpgsql', 'begin return sessions.holds_session(session_id, fence); end'),
      ('plpgsql', 'begin return query select * from sessions.revoke_session(user_id, note); end'),
      ('plpgsql', 'begin return query select * from sessions.reap_stale_sessions(batch_size, dry_run); end'),
      ('plpgsql', 'begin return query select * from sessions.session_health(); end'),
      ('plpgsql', 'begin return query select * from sessions.admin_live_sessions(); end'),
      ('plpgsql', 'begin return query select * from sessions.admin_ended_sessions(since, bucket); end'),
      ('plpgsql', 'begin return query select * from sessions.admin_session_health(); end'),
      ('plpgsql', 'begin return query select * from sessions.admin_revoke_session(user_id, note); end')
  $$,
  'B8: each is one statement that passes its arguments on'
);
select is_empty(
  $$
    select w.oid::regprocedure
    from wrappers w
    where obj_description(w.behind, 'pg_proc') is distinct from format('What public.%s() does.', w.proname)
  $$,
  'B8: what is behind says what it is behind'
);
select is_empty(
  $$ select w.oid::regprocedure from wrappers w where coalesce(obj_description(w.oid, 'pg_proc'), '') !~ '^[A-Z].{40,}\.$' $$,
  'B8: and the wrapper says the contract, in sentences'
);

select * from finish();
rollback;
