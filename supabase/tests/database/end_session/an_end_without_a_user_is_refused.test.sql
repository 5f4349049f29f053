begin;
select plan(3);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('first');
end
$$;

set local request.jwt.claims to '{"role": "authenticated"}';

select throws_ok(
  $$ select public.end_session('first') $$,
  'PT401',
  'You are not signed in.',
  'without a user'
);

set local request.jwt.claims to '';

select throws_ok(
  $$ select public.end_session('first') $$,
  'PT401',
  'You are not signed in.',
  'without any claims'
);

reset role;

delete from auth.users
where id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

select throws_ok(
  $$ select public.end_session('first') $$,
  'PT401',
  'You are not signed in.',
  'R23: in the name of a user who has been deleted'
);

select * from finish();
rollback;
