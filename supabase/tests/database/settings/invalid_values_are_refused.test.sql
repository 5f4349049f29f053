begin;
\ir ../helpers.psql
select plan(23);

select throws_ok(
  format('update sessions.settings set %s where true', change),
  '23514',
  format('new row for relation "settings" violates check constraint "%s"', violated),
  format('M10: %s is refused', change)
)
from (
  values
    ('heartbeat_every = ''0''', 'all_are_positive'),
    ('heartbeat_every = ''-1 second''', 'all_are_positive'),
    ('max_duration = ''0''', 'all_are_positive'),
    ('completing_grace = ''-1 minute''', 'all_are_positive'),
    ('history_retention = ''0''', 'all_are_positive'),
    ('reap_every = ''0''', 'all_are_positive'),
    ('history_retention = ''23 hours''', 'history_is_kept_for_a_day'),
    ('takeover = ''never''', 'takeover_is_known'),
    ('lease = ''101 years''', 'all_are_at_most_100_years'),
    ('history_retention = ''290000 years''', 'all_are_at_most_100_years'),
    ('max_duration = ''36525 days 1 second''', 'all_are_at_most_100_years'),
    ('lease = ''0'', heartbeat_every = ''0''', 'all_are_positive'),
    ('lease = ''74.999 seconds''', 'lease_survives_a_lost_heartbeat'),
    ('heartbeat_every = ''2 minutes 1 second''', 'lease_survives_a_lost_heartbeat')
) as changes (change, violated);

-- Postgres 15 and 16 have no infinite interval and refuse to parse it.
select throws_ok(
  format('update sessions.settings set %s = ''infinity'' where true', setting),
  case when current_setting('server_version_num')::integer >= 170000 then '22008' else '22007' end::char(5),
  null,
  format('M13: an infinite %s is refused', setting)
)
from unnest(array['lease', 'max_duration', 'completing_grace']) as setting;

select throws_ok(
  'update sessions.settings set lease = null where true', '23502', null,
  'M10: a null setting is refused'
);

select lives_ok(
  format('update sessions.settings set %s where true', change),
  format('M10: %s is accepted', change)
)
from (
  values
    ('lease = ''75 seconds'''),
    ('lease = ''5 minutes'', heartbeat_every = ''2 minutes'''),
    ('history_retention = ''1 day'''),
    ('history_retention = ''36525 days'''),
    ('lease = ''1 hour'', heartbeat_every = ''10 minutes'', max_duration = ''30 minutes''')
) as changes (change);

select * from finish();
rollback;
