-- The access token of a user lives on for a while when the user does not.
begin;
select plan(2);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('first');
end
$$;

reset role;

delete from auth.users
where id = 'aaaaaaaa-0000-4000-8000-000000000001';

set local role authenticated;

select throws_ok(
  $$ select public.start_session('next') $$,
  'PT401',
  'You are not signed in.',
  'R23: not with an error about a foreign key'
);

select throws_ok(
  $$ select public.start_session('first', takeover => true) $$,
  'PT401',
  'You are not signed in.',
  'R23: the session that went with the user does not come back'
);

select * from finish();
rollback;
