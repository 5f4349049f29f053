begin;
select plan(1);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

update sessions.settings
set lease = '5 minutes', max_duration = '15 minutes', completing_grace = '40 minutes'
where is_the_row;

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('first');
end
$$;

-- when
create temp table completing as select * from public.complete_session('first');

-- then
select is(deadline_at, updated_at + interval '40 minutes', 'M10: the grace makes the deadline')
from completing;

select * from finish();
rollback;
