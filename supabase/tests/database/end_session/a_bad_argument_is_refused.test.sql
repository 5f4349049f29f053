begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table held as select * from public.start_session('held');

-- when
create temp table refusals as
select bad.what, refusal.*
from (
    values
      ('session_id null', null, null),
      ('session_id empty', '', null),
      ('session_id of 129 characters', repeat('x', 129), null),
      ('session_id with a line break', e'held\n', null),
      ('reason empty', 'held', ''),
      ('a reason only the server gives', 'held', 'taken_over'),
      ('a reason only an operator gives', 'held', 'revoked'),
      ('a reason only the clock gives', 'held', 'expired'),
      ('reason capitalised', 'held', 'Completed'),
      ('unknown reason, unknown session', 'never known', 'crashed')
  ) as bad (what, session_id, reason),
  pg_temp.refusal_of(format('select public.end_session(%L, %L)', bad.session_id, bad.reason)) refusal;

-- then
select results_eq(
  'select what, code, detail from refusals',
  $$ values
    ('session_id null', '22023', '{"argument": "session_id"}'::jsonb),
    ('session_id empty', '22023', '{"argument": "session_id"}'),
    ('session_id of 129 characters', '22023', '{"argument": "session_id"}'),
    ('session_id with a line break', '22023', '{"argument": "session_id"}'),
    ('reason empty', '22023', '{"argument": "reason"}'),
    ('a reason only the server gives', '22023', '{"argument": "reason"}'),
    ('a reason only an operator gives', '22023', '{"argument": "reason"}'),
    ('a reason only the clock gives', '22023', '{"argument": "reason"}'),
    ('reason capitalised', '22023', '{"argument": "reason"}'),
    ('unknown reason, unknown session', '22023', '{"argument": "reason"}') $$,
  'R33: each is refused, and the detail names the argument'
);

select set_eq(
  $$ select message from refusals where detail ->> 'argument' = 'reason' $$,
  array['reason must be completed, disconnected, cleared or null.'],
  'R33: the message lists the valid reasons'
);

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from held',
  'R33: the live session is unchanged'
);

select * from finish();
rollback;
