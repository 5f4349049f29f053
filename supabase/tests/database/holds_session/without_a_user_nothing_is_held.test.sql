begin;
select plan(4);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('held');
end
$$;

select is(public.holds_session('held'), true, 'B5: she holds it');

set local request.jwt.claims to '{"role": "authenticated"}';

select is(public.holds_session('held'), false, 'B5: without a user nothing is held');

set local request.jwt.claims to '';

select is(public.holds_session('held'), false, 'B5: nor without any claims');

reset role;

delete from auth.users
where id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

select is(public.holds_session('held'), false, 'R23: nor by a user who has been deleted');

select * from finish();
rollback;
