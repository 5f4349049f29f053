begin;
select plan(5);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table held as select * from public.start_session('held');

-- when
select throws_ok(
  $$ select public.start_session('wanted') $$,
  'PT409',
  null,
  'B3: another session lives'
);

select throws_ok(
  $$ select public.start_session('wanted', takeover => false) $$,
  'PT409',
  null,
  'B3: to take over is not the default'
);

-- then
reset role;

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from held',
  'B4: the holder''s row is as it was, its lease not renewed'
);

select is_empty(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'B7: nothing has ended'
);

set local role authenticated;

select is(session_id, 'wanted', 'B6: the refused id is not used up')
from public.start_session('wanted', takeover => true);

select * from finish();
rollback;
