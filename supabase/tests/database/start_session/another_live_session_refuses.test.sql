begin;
\ir ../helpers.psql
select plan(10);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table held as select * from public.start_session('held', device => 'Chrome on Windows');

-- when
create temp table before as select clock_timestamp() as at;
create temp table refusal as
select * from pg_temp.refusal_of($$ select public.start_session('wanted', device => 'Safari on iPhone') $$);
create temp table after as select clock_timestamp() as at;

-- then
select is(code, 'PT409', 'B3: it is refused as a conflict')
from refusal;

select is(message, 'You already have an interview open on Chrome on Windows.', 'B3: the message names the device')
from refusal;

select set_eq(
  'select jsonb_object_keys(detail) from refusal',
  array['session_id', 'device', 'status', 'created_at', 'updated_at', 'expires_in'],
  'B3: the detail has these fields'
);

select is(detail ->> 'session_id', 'held', 'B3: the detail says which session is live')
from refusal;

select is(detail ->> 'device', 'Chrome on Windows', 'B3: on which device')
from refusal;

select is(detail ->> 'status', 'active', 'B3: in which status')
from refusal;

select is((detail ->> 'created_at')::timestamptz, created_at, 'B3: since when')
from refusal, held;

select is((detail ->> 'updated_at')::timestamptz, updated_at, 'B3: when its last heartbeat was')
from refusal, held;

select ok(
  (detail ->> 'expires_in')::integer
    between ceil(extract(epoch from expires_at - after.at)) and ceil(extract(epoch from expires_at - before.at)),
  'B3: for how many more seconds, rounded up'
)
from refusal, held, before, after;

select is(
  hint,
  format(
    'Continue there, or call start_session again with takeover => true to end it and start here. Without a heartbeat it ends by itself in %s seconds.',
    detail ->> 'expires_in'
  ),
  'B3: the hint says what to do'
)
from refusal;

select * from finish();
rollback;
