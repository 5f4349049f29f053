begin;
select plan(16);

insert into auth.users (id)
values ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000002');

set local role authenticated;
set local request.jwt.claims to '{"sub": "bbbbbbbb-0000-4000-8000-000000000002", "role": "authenticated"}';

create temp table of_ben as select * from public.start_session('ben''s');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table of_ended as select * from public.start_session('ended');

do $$
begin
  perform public.end_session('ended');
end
$$;

create temp table of_taken_over as select * from public.start_session('taken over');
create temp table of_held as select * from public.start_session('held', takeover => true);

select is(public.holds_session('held'), true, 'B5: the one that is held');
select is(public.holds_session('ended'), false, 'B5: one that has ended');
select is(public.holds_session('ended', fence), false, 'B5: with its fence') from of_ended;
select is(public.holds_session('taken over'), false, 'B5: one that was taken over');
select is(public.holds_session('taken over', fence), false, 'B5: with its fence') from of_taken_over;
select is(public.holds_session('taken over', fence), false, 'B5: with the fence of the one that is held') from of_held;
select is(public.holds_session('held', fence), false, 'B5: the one that is held, with the fence of an older one') from of_taken_over;
select is(public.holds_session('held', fence + 1), false, 'B5: with a fence yet to be drawn') from of_held;
select is(public.holds_session('held', 0), false, 'B5: with a fence that never was');
select is(public.holds_session('ben''s'), false, 'R33: one that another user holds');
select is(public.holds_session('ben''s', fence), false, 'R33: with its fence') from of_ben;
select is(public.holds_session('never known'), false, 'B5: one that was never known');
select is(public.holds_session(null), false, 'B5: none');
select is(public.holds_session(null, fence), false, 'B5: none, with a fence that is held') from of_held;
select is(public.holds_session(''), false, 'B5: an id that is none');
select is(public.holds_session(repeat('x', 1048576)), false, 'R33: an id of 1 MB');

select * from finish();
rollback;
