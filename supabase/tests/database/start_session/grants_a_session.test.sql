begin;
select plan(9);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
create temp table before as select clock_timestamp() as at;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table granted as
select * from public.start_session('first', device => 'Chrome on Windows');

reset role;

select results_eq(
  'select user_id, session_id, status, device, previous_session_id from granted',
  $$ values ('aaaaaaaa-0000-4000-8000-000000000001'::uuid, 'first', 'active', 'Chrome on Windows', null::text) $$,
  'M1: the session is the caller''s, active, and took over none'
);

select ok(fence > 0, 'B4: it has a fence')
from granted;

select ok(created_at between before.at and clock_timestamp(), 'it begins now, by the server''s clock')
from granted, before;

select is(updated_at, created_at, 'its start is its first sign of life')
from granted;

select is(expires_at, created_at + s.lease, 'M10: its lease is that of the settings')
from granted, sessions.settings s;

select is(deadline_at, created_at + s.max_duration, 'M10: its deadline is that of the settings')
from granted, sessions.settings s;

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from granted',
  'M1: what was answered is what is stored, the user''s one row'
);

select is_empty(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'nothing has ended'
);

set local role authenticated;

select results_eq(
  'select * from public.active_interview_sessions',
  'select * from granted',
  'M1: the user sees it'
);

select * from finish();
rollback;
