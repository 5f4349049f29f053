begin;
select plan(3);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table started as
select given.what, given.session_id as given_id, given.device as given_device, granted.session_id, granted.device
from (
    values
      ('one character', 'x', 'y'),
      ('as long as may be', repeat('x', 128), repeat('y', 200)),
      ('as long as may be in characters, not in bytes', repeat('é', 128), repeat('💻', 200)),
      ('many scripts', '会话-сессия-جلسة-🎤', 'Ordinateur de Zoë 💻'),
      ('the characters beside the control characters', e' ~\u00a0', e' ~\u00a0'),
      ('what SQL and JSON have a meaning for', $$'; drop table x; --"\{}%s$$, $$'; drop table x; --"\{}%s$$)
  ) as given (what, session_id, device),
  public.start_session(given.session_id, true, given.device) granted;

select results_eq(
  'select what from started where session_id = given_id and device = given_device',
  'select what from started',
  'each is kept as it was given'
);

select is(count(*), 6::bigint, 'all of them were granted')
from started;

select is(status, 'active', 'and live: with the last of them the session is heard from')
from public.heartbeat_session($$'; drop table x; --"\{}%s$$);

select * from finish();
rollback;
