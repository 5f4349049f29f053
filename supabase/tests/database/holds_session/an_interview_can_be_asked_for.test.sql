begin;
\ir ../helpers.psql
select plan(8);

-- given: Ada holds a session of an interview, Ben one of none
select pg_temp.create_users('ada', 'ben');
select pg_temp.authenticate_as('ben');
select from public.start_session('ben''s');
select ok(not public.holds_session('ben''s', interview_id => 'exam'), 'B5: a session without an interview is no session of one');
select pg_temp.authenticate_as('ada');
create temp table first as select * from public.start_session('first', interview_id => 'exam');

-- then
select ok(public.holds_session('first', fence, 'exam'), 'B5: the session, the fence and the interview are right') from first;
select ok(public.holds_session('first', null, 'exam'), 'B5: the fence may be left out');
select ok(public.holds_session('first'), 'B5: so may both');
select ok(not public.holds_session('first', fence, 'other exam'), 'B5: another interview is not held') from first;
select ok(not public.holds_session('first', fence, ''), 'B5: nor is an empty one') from first;

-- when
select from public.start_session('second', takeover => true, interview_id => 'exam');

-- then
select ok(not public.holds_session('first', fence, 'exam'), 'R10: after a takeover the first no longer holds the interview') from first;
select ok(public.holds_session('second', interview_id => 'exam'), 'C1: the second does');

select * from finish();
rollback;
