begin;
\ir ../helpers.psql
select plan(16);

select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ben');
create temp table of_ben as select * from public.start_session('ben''s');

select pg_temp.authenticate_as('ada');
create temp table of_ended as select * from public.start_session('ended');
select from public.end_session('ended');
create temp table of_taken_over as select * from public.start_session('taken over');
create temp table of_held as select * from public.start_session('held', takeover => true);

select is(public.holds_session('held'), true, 'B5: the live session is held');
select is(public.holds_session('ended'), false, 'B5: an ended session is not');
select is(public.holds_session('ended', fence), false, 'B5: an ended session with its fence is not') from of_ended;
select is(public.holds_session('taken over'), false, 'B5: a session that was taken over is not');
select is(public.holds_session('taken over', fence), false, 'B5: nor with its fence') from of_taken_over;
select is(public.holds_session('taken over', fence), false, 'B5: nor with the fence of the live session') from of_held;
select is(public.holds_session('held', fence), false, 'B5: the live session is not held with an older fence') from of_taken_over;
select is(public.holds_session('held', fence + 1), false, 'B5: nor with a fence not yet drawn') from of_held;
select is(public.holds_session('held', 0), false, 'B5: nor with a fence that never existed');
select is(public.holds_session('ben''s'), false, 'R33: another user''s session is not held');
select is(public.holds_session('ben''s', fence), false, 'R33: nor with its fence') from of_ben;
select is(public.holds_session('never known'), false, 'B5: an unknown session is not held');
select is(public.holds_session(null), false, 'B5: null is not held');
select is(public.holds_session(null, fence), false, 'B5: nor with the fence of the live session') from of_held;
select is(public.holds_session(''), false, 'B5: an empty id is not held');
select is(public.holds_session(repeat('x', 1048576)), false, 'R33: an id of 1 MB is not held');

select * from finish();
rollback;
