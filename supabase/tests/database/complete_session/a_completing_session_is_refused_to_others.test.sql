begin;
select plan(4);

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

do $$
begin
  perform public.start_session('held', device => 'Chrome on Windows');
end
$$;

create temp table held as select * from public.complete_session('held');

-- when
create temp table refusal as
select * from pg_temp.refusal_of($$ select public.start_session('wanted') $$);

-- then
select is(code, 'PT409', 'B3: a session that is handing in still holds')
from refusal;

select is(detail ->> 'session_id' || ' ' || (detail ->> 'status'), 'held completing', 'B3: the refusal says that it is completing')
from refusal;

-- when
do $$
begin
  perform public.start_session('wanted', takeover => true);
end
$$;

-- then
reset role;

select results_eq(
  $$ select session_id, end_reason, status from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  $$ values ('held', 'taken_over', 'completing') $$,
  'B7: taken over, it was completing'
);

set local role authenticated;

select is(status, 'active', 'M6: the one that took over is active')
from public.heartbeat_session('wanted');

select * from finish();
rollback;
