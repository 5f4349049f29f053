begin;
select plan(3);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

create function pg_temp.refusal_of(call text, out code text, out message text, out detail jsonb, out hint text)
language plpgsql
as $$
declare
  v_detail text;
begin
  execute call;
exception
  when others then
    get stacked diagnostics
      code = returned_sqlstate,
      message = message_text,
      v_detail = pg_exception_detail,
      hint = pg_exception_hint;
    detail := nullif(v_detail, '');
end
$$;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

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
      ('reason of the server''s alone', 'held', 'taken_over'),
      ('reason of an operator''s', 'held', 'revoked'),
      ('reason of the clock''s', 'held', 'expired'),
      ('reason in capitals', 'held', 'Completed'),
      ('reason unknown, of an unknown session', 'never known', 'crashed')
  ) as bad (what, session_id, reason),
  pg_temp.refusal_of(format('select public.end_session(%L, %L)', bad.session_id, bad.reason)) refusal;

-- then
reset role;

select results_eq(
  'select what, code, detail from refusals',
  $$ values
    ('session_id null', '22023', '{"argument": "session_id"}'::jsonb),
    ('session_id empty', '22023', '{"argument": "session_id"}'),
    ('session_id of 129 characters', '22023', '{"argument": "session_id"}'),
    ('session_id with a line break', '22023', '{"argument": "session_id"}'),
    ('reason empty', '22023', '{"argument": "reason"}'),
    ('reason of the server''s alone', '22023', '{"argument": "reason"}'),
    ('reason of an operator''s', '22023', '{"argument": "reason"}'),
    ('reason of the clock''s', '22023', '{"argument": "reason"}'),
    ('reason in capitals', '22023', '{"argument": "reason"}'),
    ('reason unknown, of an unknown session', '22023', '{"argument": "reason"}') $$,
  'R33: each is refused, and the detail says which argument'
);

select set_eq(
  $$ select message from refusals where detail ->> 'argument' = 'reason' $$,
  array['reason must be completed, disconnected, cleared or null.'],
  'R33: a bad reason is told which are good'
);

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from held',
  'R33: the session that lives is as it was'
);

select * from finish();
rollback;
