begin;
select plan(4);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table granted as select * from public.start_session('held');

select is(public.holds_session('held'), true, 'B5: it is held')
from granted;

select is(public.holds_session('held', fence), true, 'B5: and this very grant of it')
from granted;

select is(public.holds_session('held', null), true, 'B5: without a fence it is the session that counts');

-- when
do $$
begin
  perform public.heartbeat_session('held');
  perform public.start_session('held');
  perform public.complete_session('held');
end
$$;

-- then
select is(public.holds_session('held', fence), true, 'B5: so it is after a heartbeat, a retry, and while completing')
from granted;

select * from finish();
rollback;
