begin;
select plan(7);

select bag_eq(
  $$
    select a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
    from pg_attribute a
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = 'sessions.settings'::regclass and a.attnum > 0 and not a.attisdropped
  $$,
  $$
    values
      ('is_the_row', 'boolean', true, 'true'),
      ('lease', 'interval', true, '''00:05:00''::interval'),
      ('heartbeat_every', 'interval', true, '''00:00:30''::interval'),
      ('max_duration', 'interval', true, '''00:15:00''::interval'),
      ('completing_grace', 'interval', true, '''00:15:00''::interval'),
      ('history_retention', 'interval', true, '''90 days''::interval'),
      ('reap_every', 'interval', true, '''00:01:00''::interval')
  $$,
  'M10: all of the times are settings, with the defaults that were asked for'
);
select bag_eq(
  $$ select conname::text from pg_constraint where conrelid = 'sessions.settings'::regclass and contype = 'c' $$,
  $$
    values
      ('there_is_one_row'), ('all_are_positive'), ('times_of_a_session_are_finite'),
      ('lease_survives_a_lost_heartbeat')
  $$,
  'M10: what keeps them sane are named checks'
);
select is((select count(*) from sessions.settings), 1::bigint, 'M10: there is a row');
select throws_ok(
  'insert into sessions.settings default values', '23505',
  'duplicate key value violates unique constraint "settings_pkey"',
  'M10: and no second'
);
select throws_ok(
  'insert into sessions.settings (is_the_row) values (false)', '23514',
  'new row for relation "settings" violates check constraint "there_is_one_row"',
  'M10: nor one that says it is another'
);

-- No function has a time of its own, but for the week that the reaper's log is kept, what health() looks back on, and
-- the spans that an administrator may ask for.
select is_empty(
  $$
    select p.oid::regprocedure
    from pg_proc p
    where p.pronamespace = 'sessions'::regnamespace
      and p.prosrc ~* 'interval\s*''|minutes|seconds'''
      and p.proname not in ('reap_stale_sessions', 'session_health', 'admin_ended_sessions')
  $$,
  'M10: no function that grants, renews or ends a session has a time written in it'
);
select bag_eq(
  $$
    select p.proname::text, m[1]
    from pg_proc p
    cross join regexp_matches(p.prosrc, 'interval ''([^'']*)''', 'g') m
    where p.pronamespace = 'sessions'::regnamespace
  $$,
  $$
    values
      ('admin_ended_sessions', '1 minute'), ('admin_ended_sessions', '7 days'),
      ('reap_stale_sessions', '7 days'),
      ('session_health', '1 hour'), ('session_health', '1 day'), ('session_health', '1 day'), ('session_health', '7 days')
  $$,
  'M14: those that report have just the periods they are asked for'
);

select * from finish();
rollback;
