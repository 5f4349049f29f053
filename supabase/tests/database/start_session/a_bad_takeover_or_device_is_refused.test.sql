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
reset role;

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
  'R33: each is refused, and the detail says which argument'
);

select set_eq(
  'select message from refusals',
  array[
    'takeover must be true or false.',
    'device must be at most 200 characters, none of them a control character.'
  ],
  'R33: in words'
);

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from held',
  'R33: the session that lives is as it was'
);

select * from finish();
rollback;
