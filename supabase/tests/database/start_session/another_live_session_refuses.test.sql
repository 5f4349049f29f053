begin;
select plan(10);

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

create temp table held as select * from public.start_session('held', device => 'Chrome on Windows');

-- when
create temp table before as select clock_timestamp() as at;
create temp table refusal as
select * from pg_temp.refusal_of($$ select public.start_session('wanted', device => 'Safari on iPhone') $$);
create temp table after as select clock_timestamp() as at;

-- then
select is(code, 'PT409', 'B3: it is refused with a conflict')
from refusal;

select is(message, 'You already have an interview open on Chrome on Windows.', 'B3: in words for the user, with the device')
from refusal;

select set_eq(
  'select jsonb_object_keys(detail) from refusal',
  array['session_id', 'device', 'status', 'created_at', 'updated_at', 'expires_in'],
  'B3: the detail has these fields'
);

select is(detail ->> 'session_id', 'held', 'B3: which session holds')
from refusal;

select is(detail ->> 'device', 'Chrome on Windows', 'B3: on which device')
from refusal;

select is(detail ->> 'status', 'active', 'B3: in which status')
from refusal;

select is((detail ->> 'created_at')::timestamptz, created_at, 'B3: since when')
from refusal, held;

select is((detail ->> 'updated_at')::timestamptz, updated_at, 'B3: when it was last heard from')
from refusal, held;

select ok(
  (detail ->> 'expires_in')::integer
    between ceil(extract(epoch from expires_at - after.at)) and ceil(extract(epoch from expires_at - before.at)),
  'B3: for how many whole seconds more'
)
from refusal, held, before, after;

select is(
  hint,
  format(
    'Go on there, or call start_session again with takeover => true to end it and start here. It ends by itself in %s seconds unless it is heard from.',
    detail ->> 'expires_in'
  ),
  'B3: and what to do'
)
from refusal;

select * from finish();
rollback;
