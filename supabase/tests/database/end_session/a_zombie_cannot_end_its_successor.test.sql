-- A tab that was left behind is closed, twice.
begin;
select plan(3);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('zombie');
end
$$;

create temp table successor as select * from public.start_session('successor', takeover => true);

-- when
create temp table answers as
select * from public.end_session('zombie', 'disconnected')
union all
select * from public.end_session('zombie', 'completed');

-- then
reset role;

select results_eq(
  'select session_id, end_reason from answers',
  $$ values ('zombie', 'taken_over'), ('zombie', 'taken_over') $$,
  'R12: it is answered each time that it was taken over'
);

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from successor',
  'B4: the successor lives, untouched'
);

set local role authenticated;

select is(fence, (select fence from successor), 'B4: and goes on')
from public.heartbeat_session('successor');

select * from finish();
rollback;
