begin;
select plan(4);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

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

-- given: one session for each way to end, named by it
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('completed');
  perform public.end_session('completed', 'completed');
  perform public.start_session('disconnected');
  perform public.end_session('disconnected', 'disconnected');
  perform public.start_session('cleared');
  perform public.end_session('cleared', 'cleared');
  perform public.start_session('taken_over');
  perform public.start_session('revoked', takeover => true);
end
$$;

set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';

do $$
begin
  perform public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001');
end
$$;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('expired');
end
$$;

reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '6 minutes',
  updated_at = updated_at - interval '6 minutes',
  deadline_at = deadline_at - interval '6 minutes',
  expires_at = expires_at - interval '6 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

update sessions.settings
set max_duration = '1 minute'
where is_the_row;

set local role authenticated;

do $$
begin
  perform public.start_session('timed_out');
end
$$;

reset role;

update public.active_interview_sessions
set
  created_at = created_at - interval '6 minutes',
  updated_at = updated_at - interval '6 minutes',
  deadline_at = deadline_at - interval '6 minutes',
  expires_at = expires_at - interval '6 minutes'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

create temp table ended as
select h.session_id, h.ended_at
from public.interview_session_history h
where h.user_id = 'aaaaaaaa-0000-4000-8000-000000000001'
union all
select a.session_id, a.expires_at
from public.active_interview_sessions a
where a.user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

-- when
set local role authenticated;

create temp table refusals as
select of.way, refusal.*
from (values ('completed'), ('disconnected'), ('cleared'), ('taken_over'), ('expired'), ('timed_out'), ('revoked')) as of (way),
  pg_temp.refusal_of(format('select public.heartbeat_session(%L)', of.way)) refusal;

-- then
reset role;

select results_eq(
  $$ select way, code, detail ->> 'end_reason', message from refusals order by way $$,
  $$ values
    ('cleared', 'PT410', 'cleared', 'This interview was closed.'),
    ('completed', 'PT410', 'completed', 'This interview has been handed in.'),
    ('disconnected', 'PT410', 'disconnected', 'This interview was left.'),
    ('expired', 'PT410', 'expired', 'This interview ended because its page was not heard from for too long.'),
    ('revoked', 'PT410', 'revoked', 'This interview was ended by an administrator.'),
    ('taken_over', 'PT410', 'taken_over', 'This interview was continued in another window or on another device.'),
    ('timed_out', 'PT410', 'timed_out', 'This interview reached its longest duration.') $$,
  'B6: a late heartbeat is refused, with how that session ended'
);

select results_eq(
  $$ select detail ->> 'session_id', (detail ->> 'ended_at')::timestamptz from refusals order by way $$,
  'select session_id, ended_at from ended order by session_id',
  'B6: and when'
);

select set_eq(
  'select hint from refusals',
  array['Stop using this session_id. To go on, start a session with a new one.'],
  'B3: and what to do'
);

select is_empty(
  $$ select *
    from public.active_interview_sessions
    where user_id = 'aaaaaaaa-0000-4000-8000-000000000001'
      and expires_at > clock_timestamp() $$,
  'R13: nothing has come back to life'
);

select * from finish();
rollback;
