begin;
select plan(6);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

create temp table of_ben as select * from public.start_session('ben''s');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('before');
  perform public.start_session('held', takeover => true, device => 'Chrome on Windows');
end
$$;

create temp table held as select * from public.complete_session('held');
create temp table before as select clock_timestamp() as at;

-- when
set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';

create temp table revoked as
select * from public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001', 'Asked for by support.');

-- then
reset role;

select results_eq(
  'select user_id, session_id, fence, device, started_at, last_seen_at, status, previous_session_id from revoked',
  'select user_id, session_id, fence, device, created_at, updated_at, status, previous_session_id from held',
  'B7: it says of the session what was known of it'
);

select results_eq(
  'select end_reason, note, ended_by from revoked',
  $$ values ('revoked', 'Asked for by support.', null::uuid) $$,
  'M17: it was revoked, with the note; the service is no user'
);

select ok(ended_at between before.at and clock_timestamp(), 'B7: it ended now, by the server''s clock')
from revoked, before;

select results_eq(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' and session_id = 'held' $$,
  'select * from revoked',
  'B7: what was answered is what is stored'
);

select is_empty(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'M17: the live session is gone'
);

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  'select * from of_ben',
  'M8: another user''s is as it was'
);

select * from finish();
rollback;
