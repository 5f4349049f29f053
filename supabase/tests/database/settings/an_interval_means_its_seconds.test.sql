-- Where the clocks change, a day that is added to a timestamp has 23 or 25 hours; a month has 28 to 31 days.
begin;
\ir ../helpers.psql
select plan(6);

set local time zone 'Europe/Berlin';

-- given: the evening before the clocks are put back
select is(
  timestamptz '2040-10-27 18:00 Europe/Berlin' + interval '1 day' - timestamptz '2040-10-27 18:00 Europe/Berlin',
  interval '25 hours',
  'that day has 25 hours'
);

-- when
update sessions.settings
set
  lease = '1 day', heartbeat_every = '1 hour', max_duration = '1 month',
  completing_grace = '1 week 1 day', history_retention = '2 months', reap_every = '1 day 1 minute'
where true;

-- then
select results_eq(
  'select lease::text, heartbeat_every::text, max_duration::text, completing_grace::text, history_retention::text, reap_every::text from sessions.settings',
  $$ values ('24:00:00', '01:00:00', '720:00:00', '192:00:00', '1440:00:00', '24:01:00') $$,
  'M10: an interval is stored in hours, minutes and seconds; a month has 30 days'
);

select is(
  timestamptz '2040-10-27 18:00 Europe/Berlin' + lease, timestamptz '2040-10-28 17:00 Europe/Berlin',
  'M10: over the change of the clocks a lease of a day is 24 hours'
)
from sessions.settings;

select is(
  timestamptz '2040-03-24 18:00 Europe/Berlin' + lease, timestamptz '2040-03-25 19:00 Europe/Berlin',
  'M10: also in spring'
)
from sessions.settings;

-- when
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table granted as select * from public.start_session('first');

-- then
select results_eq(
  'select extract(epoch from expires_at - updated_at), extract(epoch from deadline_at - created_at) from granted',
  'values (86400::numeric, 2592000::numeric)',
  'M10: a grant follows it'
);

select pg_temp.clear_authentication();

-- when: a restore brings a row with days in it
set local check_function_bodies to off;
insert into sessions.settings (max_duration) values ('1 day');

-- then
select is(max_duration::text, '24:00:00', 'M10: also a restored one')
from sessions.settings;

select * from finish();
rollback;
