-- Where the clocks change, a day that is added to a timestamp has 23 or 25 hours.
begin;
\ir ../helpers.psql
select plan(2);

-- given: an interview whose deadline is the evening before the clocks are put back
set local time zone 'Europe/Berlin';
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first', interview_id => 'exam');
select pg_temp.clear_authentication();
update public.interviews set deadline_at = '2040-10-27 18:00 Europe/Berlin' where user_id = pg_temp.user_id('ada');

-- when
select pg_temp.act_as('service_role');
create temp table extended as select * from public.extend_interview(pg_temp.user_id('ada'), 'exam', '1 day');

-- then
select is(deadline_at, '2040-10-28 17:00 Europe/Berlin'::timestamptz, 'C1: a day has 24 hours')
from extended;

select pg_temp.clear_authentication();

select is(extended::text, '24:00:00', 'C1: also in the record')
from sessions.extensions
where user_id = pg_temp.user_id('ada');

select * from finish();
rollback;
