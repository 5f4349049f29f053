-- To its caller another user's session is one that was never known.
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

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('ada''s');
  perform public.end_session('ada''s', 'cleared');
  perform public.start_session('ada''s live one');
end
$$;

reset role;

create temp table held as
select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

-- when
set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

create temp table refusals as
select asked.session_id, refusal.*
from (values ('never known'), ('ada''s'), ('ada''s live one')) as asked (session_id),
  pg_temp.refusal_of(format('select public.heartbeat_session(%L)', asked.session_id)) refusal;

-- then
reset role;

select results_eq(
  'select session_id, code, message, detail from refusals',
  $$ values
    ('never known', 'PT410', 'There is no such interview.', '{"session_id": "never known", "end_reason": null, "ended_at": null}'::jsonb),
    ('ada''s', 'PT410', 'There is no such interview.', '{"session_id": "ada''s", "end_reason": null, "ended_at": null}'),
    ('ada''s live one', 'PT410', 'There is no such interview.', '{"session_id": "ada''s live one", "end_reason": null, "ended_at": null}') $$,
  'R33: the refusal tells nothing of another user''s sessions'
);

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from held',
  'M8: hers is not touched'
);

select is_empty(
  $$ select * from public.active_interview_sessions where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  'R33: he has none'
);

select * from finish();
rollback;
