begin;
\ir ../helpers.psql
select plan(4);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');

create temp table refusals as
select bad.what, refusal.*
from (
    values
      ('null', null),
      ('empty', ''),
      ('129 characters', repeat('x', 129)),
      ('1 MB', repeat('x', 1048576)),
      ('the first control character', e'a\u0001b'),
      ('a line break', e'a\nb'),
      ('a tab', e'a\tb'),
      ('the last of the C0 controls', e'a\u001fb'),
      ('delete', e'a\u007fb'),
      ('the first of the C1 controls', e'a\u0080b'),
      ('the last of the C1 controls', e'a\u009fb')
  ) as bad (what, session_id),
  pg_temp.refusal_of(format('select public.start_session(%L)', bad.session_id)) refusal;

select results_eq(
  'select what, code, detail from refusals',
  $$ values
    ('null', '22023', '{"argument": "session_id"}'::jsonb),
    ('empty', '22023', '{"argument": "session_id"}'),
    ('129 characters', '22023', '{"argument": "session_id"}'),
    ('1 MB', '22023', '{"argument": "session_id"}'),
    ('the first control character', '22023', '{"argument": "session_id"}'),
    ('a line break', '22023', '{"argument": "session_id"}'),
    ('a tab', '22023', '{"argument": "session_id"}'),
    ('the last of the C0 controls', '22023', '{"argument": "session_id"}'),
    ('delete', '22023', '{"argument": "session_id"}'),
    ('the first of the C1 controls', '22023', '{"argument": "session_id"}'),
    ('the last of the C1 controls', '22023', '{"argument": "session_id"}') $$,
  'R33: each is refused, and the detail names the argument'
);

select set_eq(
  'select message from refusals',
  array['session_id must be 1 to 128 characters, none of them a control character.'],
  'R33: the message does not repeat the argument'
);

select set_eq(
  'select hint from refusals',
  array['Nothing was changed. Correct the argument and call again.'],
  'R33: the hint says what to do'
);

select is_empty(
  $$ select * from pg_temp.active_session('ada') $$,
  'R33: nothing is granted'
);

select * from finish();
rollback;
