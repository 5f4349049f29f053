begin;
\ir ../helpers.psql
select plan(6);

-- given
update sessions.settings set lease = '7 minutes' where true;
create temp table settings as select * from sessions.settings;

-- when, then
select throws_ok(
  'delete from sessions.settings where true', '23001', 'The row of sessions.settings cannot be removed.',
  'M10: a delete is refused'
);

select throws_ok(
  'truncate sessions.settings', '23001', 'The row of sessions.settings cannot be removed.',
  'M10: so is a truncate'
);

select is(hint, 'To restore a default: update sessions.settings set lease = default where is_the_row.', 'M10: the hint says how to reset')
from pg_temp.refusal_of('delete from sessions.settings where true');

select bag_eq(
  $$ select tgname::text, tgenabled::text from pg_trigger where tgrelid = 'sessions.settings'::regclass and not tgisinternal $$,
  $$ values ('keep_row', 'A'), ('keep_table', 'A') $$,
  'M10: the triggers fire always, also in a session with session_replication_role = replica'
);

select throws_ok(
  'insert into sessions.settings default values', '23505', null,
  'M10: a second row is refused'
);

select results_eq('select * from sessions.settings', 'select * from settings', 'M10: the row is unchanged');

select * from finish();
rollback;
