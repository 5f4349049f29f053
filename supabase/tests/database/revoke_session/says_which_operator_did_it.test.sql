begin;
select plan(1);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('held');
end
$$;

-- when: the service acts for Ben, who is signed in at the operators' desk
set local role service_role;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "service_role"}';

create temp table revoked as
select * from public.revoke_session('aaaaaaaa-0000-4000-8000-000000000001');

-- then
select results_eq(
  'select user_id, session_id, end_reason, ended_by, note from revoked',
  $$ values (
    'aaaaaaaa-0000-4000-8000-000000000001'::uuid,
    'held',
    'revoked',
    'bbbbbbbb-0000-4000-8000-000000000002'::uuid,
    null::text
  ) $$,
  'M17: it was ended by him; a note is not needed'
);

select * from finish();
rollback;
