begin;
select plan(1);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = default, max_duration = default, completing_grace = default
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('first');
end
$$;

reset role;

update sessions.settings
set lease = '10 minutes'
where is_the_row;

set local role authenticated;

-- when
create temp table beaten as select * from public.heartbeat_session('first');

-- then
select is(expires_at, updated_at + interval '10 minutes', 'M10: the new lease counts')
from beaten;

select * from finish();
rollback;
