-- The proof is a query; here it is put to sessions that follow hard upon one another.
begin;
select plan(2);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('one');
  perform public.end_session('one');
  perform public.start_session('two');
  perform public.start_session('three', takeover => true);
  perform public.complete_session('three');
  perform public.end_session('three');
  perform public.start_session('four');
end
$$;

reset role;

select is_empty(
  $$ select session_id from sessions.overlapping_sessions() where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'B7: no session began while an earlier one lived'
);

-- when: one of them is made to have lasted longer
update public.interview_session_history
set ended_at = ended_at + interval '1 minute'
where user_id = 'aaaaaaaa-0000-4000-8000-000000000001'
  and session_id = 'one';

select bag_eq(
  $$ select session_id from sessions.overlapping_sessions() where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  array['two', 'three', 'four'],
  'B7: the query would have found it'
);

select * from finish();
rollback;
