begin;
select plan(4);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

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

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table successor as select * from public.start_session('successor');

reset role;

create temp table history as
select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001';

-- when
set local role authenticated;

create temp table answers as
select of.way, answer.*
from (values ('completed'), ('disconnected'), ('cleared'), ('taken_over'), ('expired'), ('timed_out'), ('revoked')) as of (way),
  public.end_session(of.way, 'cleared') answer;

create temp table answers_again as
select of.way, answer.*
from (values ('completed'), ('disconnected'), ('cleared'), ('taken_over'), ('expired'), ('timed_out'), ('revoked')) as of (way),
  public.end_session(of.way) answer;

-- then
reset role;

select results_eq(
  'select way, session_id, end_reason, ended_at from answers order by way',
  'select session_id, session_id, session_id, ended_at from ended order by session_id',
  'B6: each answers how and when it ended; the reason given now does not count'
);

select set_eq(
  'select * from answers_again',
  'select * from answers',
  'R12: and the same again'
);

select set_eq(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from history',
  'B6: the history is as it was'
);

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from successor',
  'R12: the successor lives, untouched'
);

select * from finish();
rollback;
