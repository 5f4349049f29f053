begin;
\ir ../helpers.psql
select plan(7);

select bag_eq(
  $$ select attname::text, format_type(atttypid, atttypmod), attnotnull
    from pg_attribute
    where attrelid = 'sessions.settings'::regclass and attnum > 0 and not attisdropped $$,
  $$ values
    ('is_the_row', 'boolean', true),
    ('lease', 'interval', true),
    ('heartbeat_every', 'interval', true),
    ('max_duration', 'interval', true),
    ('completing_grace', 'interval', true),
    ('history_retention', 'interval', true),
    ('reap_every', 'interval', true),
    ('takeover', 'text', true) $$,
  'M10: these are its columns'
);

select bag_eq(
  $$ select conname::text from pg_constraint where conrelid = 'sessions.settings'::regclass and contype = 'c' $$,
  array[
    'there_is_one_row', 'all_are_positive', 'all_are_at_most_100_years', 'lease_survives_a_lost_heartbeat',
    'history_is_kept_for_a_day', 'takeover_is_known'
  ],
  'M10: named checks keep the values valid'
);

-- The helpers have set every column to its default.
select results_eq(
  'select lease, heartbeat_every, max_duration, completing_grace, history_retention, reap_every, takeover from sessions.settings',
  $$ values (
    interval '5 minutes', interval '30 seconds', interval '15 minutes',
    interval '15 minutes', interval '90 days', interval '1 minute', 'allowed'
  ) $$,
  'M10: there is one row, and these are the defaults'
);

select throws_ok(
  'insert into sessions.settings default values', '23505',
  'duplicate key value violates unique constraint "settings_pkey"',
  'M10: there is no second row'
);

select throws_ok(
  'insert into sessions.settings (is_the_row) values (false)', '23514',
  'new row for relation "settings" violates check constraint "there_is_one_row"',
  'M10: nor one with another key'
);

-- when: no setting has a value that a function might have as a constant
update sessions.settings
set lease = '7 minutes 11 seconds', max_duration = '37 minutes 13 seconds', completing_grace = '43 minutes 17 seconds'
where true;
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table calls (call text, lease interval, until_deadline interval);
insert into calls select 'start', expires_at - updated_at, deadline_at - updated_at from public.start_session('first');
select pg_temp.age_session('ada', '1 minute');
insert into calls select 'heartbeat', expires_at - updated_at, deadline_at - created_at from public.heartbeat_session('first');
select pg_temp.age_session('ada', '1 minute');
insert into calls select 'retry', expires_at - updated_at, deadline_at - created_at from public.start_session('first');
insert into calls select 'complete', expires_at - updated_at, deadline_at - updated_at from public.complete_session('first');

-- then
select results_eq(
  'select * from calls',
  $$ values
    ('start', interval '7 minutes 11 seconds', interval '37 minutes 13 seconds'),
    ('heartbeat', interval '7 minutes 11 seconds', interval '37 minutes 13 seconds'),
    ('retry', interval '7 minutes 11 seconds', interval '37 minutes 13 seconds'),
    ('complete', interval '7 minutes 11 seconds', interval '43 minutes 17 seconds') $$,
  'M10: every time a session is given comes from the settings'
);

-- when
select pg_temp.age_session('ada', '7 minutes 11 seconds');

-- then
select results_eq(
  $$ select end_reason, ended_at - last_seen_at from public.end_session('first') $$,
  $$ values ('expired', interval '7 minutes 11 seconds') $$,
  'M10: so does the time after which a session without heartbeats ends'
);

select * from finish();
rollback;
