begin;
select plan(2);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('held');
end
$$;

set local role service_role;
set local request.jwt.claims to '{"role": "service_role"}';

create temp table revoked as
select * from public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001', 'The first.');

select is_empty(
  $$ select * from public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001', 'The second.') $$,
  'B6: there is nothing left to end'
);

reset role;

select results_eq(
  $$ select * from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from revoked',
  'B6: the first counts'
);

select * from finish();
rollback;
