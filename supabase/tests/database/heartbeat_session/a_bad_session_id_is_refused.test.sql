begin;
\ir ../helpers.psql
select plan(2);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table held as select * from public.start_session('held');

-- when
create temp table refusals as
select bad.what, refusal.*
from (
    values
      ('null', null),
      ('empty', ''),
      ('129 characters', repeat('x', 129)),
      ('1 MB', repeat('x', 1048576)),
      ('a line break', e'held\n'),
      ('a C1 control', e'held\u0085')
  ) as bad (what, session_id),
  pg_temp.refusal_of(format('select public.heartbeat_session(%L)', bad.session_id)) refusal;

-- then
select results_eq(
  'select what, code, detail from refusals',
  $$ values
    ('null', '22023', '{"argument": "session_id"}'::jsonb),
    ('empty', '22023', '{"argument": "session_id"}'),
    ('129 characters', '22023', '{"argument": "session_id"}'),
    ('1 MB', '22023', '{"argument": "session_id"}'),
    ('a line break', '22023', '{"argument": "session_id"}'),
    ('a C1 control', '22023', '{"argument": "session_id"}') $$,
  'R33: each is refused, and the detail names the argument'
);

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from held',
  'R33: the live session is unchanged'
);

select * from finish();
rollback;
