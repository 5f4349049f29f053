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

do $$
begin
  perform public.start_session('held');
end
$$;

set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';

create temp table revoked as
select * from public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001', 'Not for the user.');

-- when
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table refusal as
select * from pg_temp.refusal_of($$ select public.heartbeat_session('held') $$);

-- then
reset role;

select results_eq(
  'select code, message, detail from refusal',
  $$ select
      'PT410',
      'This interview was ended by an administrator.',
      jsonb_build_object('session_id', 'held', 'end_reason', 'revoked', 'ended_at', ended_at)
    from revoked $$,
  'B4: a heartbeat is refused, and says why and since when'
);

set local role authenticated;

select is(end_reason, 'revoked', 'B6: an end answers the same')
from public.end_session('held', 'completed');

select is(previous_session_id, null, 'M17: the user may start anew')
from public.start_session('next');

select * from finish();
rollback;
