-- A data dump is restored into a database to which the migrations have just been applied. pg_dump and pg_restore switch
-- check_function_bodies off.
begin;
\ir ../helpers.psql
select plan(4);

-- given: a restore
set local check_function_bodies to off;

-- when: the dump has the operator's row
insert into sessions.settings (is_the_row, lease, heartbeat_every, max_duration, takeover)
values (true, '7 minutes', '20 seconds', '1 hour', 'refused');

-- then
select results_eq(
  'select lease, heartbeat_every, max_duration, reap_every, takeover from sessions.settings',
  $$ values (interval '7 minutes', interval '20 seconds', interval '1 hour', interval '1 minute', 'refused') $$,
  'M10: the restored row replaces the one of the migrations'
);

-- when: with --clean
truncate sessions.settings;
insert into sessions.settings (lease) values ('8 minutes');

-- then
select results_eq(
  'select lease from sessions.settings', $$ values (interval '8 minutes') $$,
  'M10: a restore may empty the table first'
);

-- when: the restore is over
set local check_function_bodies to on;

-- then
select throws_ok('insert into sessions.settings default values', '23505', null, 'M10: a second row is refused again');
select throws_ok('delete from sessions.settings where true', '23001', null, 'M10: and the row cannot be removed');

select * from finish();
rollback;
