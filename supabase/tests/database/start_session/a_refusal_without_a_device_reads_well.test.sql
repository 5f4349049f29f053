begin;
select plan(3);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

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

-- given: one whose client says no device, and one whose client says an empty one
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('held');
end
$$;

create temp table of_ada as
select * from pg_temp.refusal_of($$ select public.start_session('wanted') $$);

set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

do $$
begin
  perform public.start_session('held', device => '');
end
$$;

create temp table of_ben as
select * from pg_temp.refusal_of($$ select public.start_session('wanted') $$);

-- then
select is(message, 'You already have an interview open.', 'B3: the words do without a device')
from of_ada;

select is(detail -> 'device', 'null'::jsonb, 'B3: and the detail says null')
from of_ada;

select is(message, 'You already have an interview open.', 'B3: an empty device is none')
from of_ben;

select * from finish();
rollback;
