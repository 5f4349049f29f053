-- Logged in as postgres, without SET ROLE and without claims.
begin;
select plan(1);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('held');
end
$$;

reset role;
reset request.jwt.claims;

-- when
create temp table revoked as
select * from public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001', 'By hand.');

-- then
select results_eq(
  'select session_id, end_reason, note, ended_by from revoked',
  $$ values ('held', 'revoked', 'By hand.', null::uuid) $$,
  'M17: the session is ended, by no user'
);

select * from finish();
rollback;
