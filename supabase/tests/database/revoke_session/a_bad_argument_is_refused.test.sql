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
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';

create temp table refusals as
select bad.what, refusal.*
from (
    values
      ('user_id null', null, null),
      ('note of 1001 characters', 'aaaaaaaa-0000-4000-8000-000000000001', repeat('x', 1001))
  ) as bad (what, user_id, note),
  pg_temp.refusal_of(format('select public.revoke_session(%L, %L)', bad.user_id, bad.note)) refusal;

-- then
select results_eq(
  'select what, code, message, detail from refusals',
  $$ values
    ('user_id null', '22023', 'user_id must be the id of a user.', '{"argument": "user_id"}'::jsonb),
    ('note of 1001 characters', '22023', 'note must be at most 1000 characters.', '{"argument": "note"}') $$,
  'R33: each is refused, and the detail says which argument'
);

reset role;

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from held',
  'R33: the session lives, untouched'
);

set local role service_role;

select is(note, repeat('é', 1000), 'a note of 1000 characters is taken')
from public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001', repeat('é', 1000));

select * from finish();
rollback;
