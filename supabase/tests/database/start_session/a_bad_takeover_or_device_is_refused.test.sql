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
      ('takeover null', 'null', 'Chrome'),
      ('device of 201 characters', 'true', repeat('x', 201)),
      ('device with the first control character', 'true', e'a\u0001b'),
      ('device with a line break', 'true', e'a\nb'),
      ('device with a tab', 'true', e'a\tb'),
      ('device with delete', 'true', e'a\u007fb'),
      ('device with the last of the C1 controls', 'true', e'a\u009fb')
  ) as bad (what, takeover, device),
  pg_temp.refusal_of(format('select public.start_session(%L, %s, %L)', 'wanted', bad.takeover, bad.device)) refusal;

-- then
select results_eq(
  'select what, code, detail from refusals',
  $$ values
    ('takeover null', '22023', '{"argument": "takeover"}'::jsonb),
    ('device of 201 characters', '22023', '{"argument": "device"}'),
    ('device with the first control character', '22023', '{"argument": "device"}'),
    ('device with a line break', '22023', '{"argument": "device"}'),
    ('device with a tab', '22023', '{"argument": "device"}'),
    ('device with delete', '22023', '{"argument": "device"}'),
    ('device with the last of the C1 controls', '22023', '{"argument": "device"}') $$,
  'R33: each is refused, and the detail names the argument'
);

select set_eq(
  'select message from refusals',
  array[
    'takeover must be true or false.',
    'device must be 0 to 200 characters, none of them a control character.'
  ],
  'R33: the message says what is allowed'
);

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from held',
  'R33: the live session is unchanged'
);

select * from finish();
rollback;
