begin;
select plan(5);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

-- given: Ada has one that ended and one that lives
set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('ended');
  perform public.end_session('ended');
end
$$;

create temp table of_ada as select * from public.start_session('same');

-- when
set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

select is(session_id, 'ended', 'M8: an id that has ended for one user is new for another')
from public.start_session('ended');

select is(previous_session_id, 'ended', 'M8: a takeover takes over the caller''s own')
from public.start_session('same', takeover => true);

-- then
reset role;

select results_eq(
  $$ select user_id, session_id
    from public.active_interview_sessions
    where user_id in ('aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002')
    order by user_id $$,
  $$ values
    ('aaaaaaaa-0000-4000-8000-000000000001'::uuid, 'same'),
    ('bbbbbbbb-0000-4000-8000-000000000002'::uuid, 'same') $$,
  'M8: both have a live session, of the same id'
);

select results_eq(
  $$ select * from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'select * from of_ada',
  'M8: hers is as it was'
);

select results_eq(
  $$ select user_id, session_id, end_reason
    from public.interview_session_history
    where user_id in ('aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002')
    order by user_id $$,
  $$ values
    ('aaaaaaaa-0000-4000-8000-000000000001'::uuid, 'ended', 'disconnected'),
    ('bbbbbbbb-0000-4000-8000-000000000002'::uuid, 'ended', 'taken_over') $$,
  'M8: each has a history of their own'
);

select * from finish();
rollback;
