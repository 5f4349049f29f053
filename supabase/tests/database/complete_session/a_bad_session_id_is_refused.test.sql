begin;
select plan(2);

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
      ('null', null),
      ('empty', ''),
      ('129 characters', repeat('x', 129)),
      ('1 MB', repeat('x', 1048576)),
      ('a line break', e'held\n'),
      ('a C1 control', e'held\u0085')
  ) as bad (what, session_id),
  pg_temp.refusal_of(format('select public.complete_session(%L)', bad.session_id)) refusal;

-- then
reset role;

select results_eq(
  'select what, code, detail from refusals',
  $$ values
    ('null', '22023', '{"argument": "session_id"}'::jsonb),
    ('empty', '22023', '{"argument": "session_id"}'),
    ('129 characters', '22023', '{"argument": "session_id"}'),
    ('1 MB', '22023', '{"argument": "session_id"}'),
    ('a line break', '22023', '{"argument": "session_id"}'),
    ('a C1 control', '22023', '{"argument": "session_id"}') $$,
  'R33: each is refused, and the detail says which argument'
);

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from held',
  'R33: the session that lives is as it was'
);

select * from finish();
rollback;
