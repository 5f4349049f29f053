begin;
\ir ../helpers.psql
select plan(3);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table started as
select given.what, given.session_id as given_id, given.device as given_device, granted.session_id, granted.device
from (
    values
      ('one character', 'x', 'y'),
      ('the longest', repeat('x', 128), repeat('y', 200)),
      ('the longest in characters, not bytes', repeat('é', 128), repeat('💻', 200)),
      ('several scripts', '会话-сессия-جلسة-🎤', 'Ordinateur de Zoë 💻'),
      ('the neighbours of the control characters', e' ~\u00a0', e' ~\u00a0'),
      ('characters special to SQL and JSON', $$'; drop table x; --"\{}%s$$, $$'; drop table x; --"\{}%s$$)
  ) as given (what, session_id, device),
  public.start_session(given.session_id, true, given.device) granted;

select results_eq(
  'select what from started where session_id = given_id and device = given_device',
  'select what from started',
  'each is stored as given'
);

select is(count(*), 6::bigint, 'all are granted')
from started;

select is(status, 'active', 'and the last one is live')
from public.heartbeat_session($$'; drop table x; --"\{}%s$$);

select * from finish();
rollback;
