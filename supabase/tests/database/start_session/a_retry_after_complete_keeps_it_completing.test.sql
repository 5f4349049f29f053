-- A start that comes in late, after the client has gone on to hand in.
begin;
select plan(2);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('first');
end
$$;

create temp table completing as select * from public.complete_session('first');

-- when
create temp table retried as select * from public.start_session('first');

-- then
select is(retried.status, 'completing', 'B6: it is completing still')
from retried;

select results_eq(
  'select fence, created_at, deadline_at from retried',
  'select fence, created_at, deadline_at from completing',
  'B6: and the same session, with the deadline for handing in'
);

select * from finish();
rollback;
