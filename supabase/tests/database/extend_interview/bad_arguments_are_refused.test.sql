begin;
\ir ../helpers.psql
select plan(18);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first', interview_id => 'exam');
create temp table before as select * from pg_temp.all_rows();
grant select on before to service_role;
select pg_temp.act_as('service_role');

-- when, then
select is(
  pg_temp.answer_of(format('select public.extend_interview(%s)', arguments)),
  jsonb_build_object(
    'code', '22023', 'message', format('%s must be %s.', argument, must), 'detail', format('{"argument" : "%s"}', argument)
  ),
  format('R33: %s is refused', arguments)
)
from (
  values
    ($$ null, 'exam', '1 minute' $$, 'user_id', 'the id of a user'),
    ($$ pg_temp.user_id('ada'), null, '1 minute' $$, 'interview_id', '1 to 128 characters, none of them a control character'),
    ($$ pg_temp.user_id('ada'), '', '1 minute' $$, 'interview_id', '1 to 128 characters, none of them a control character'),
    ($$ pg_temp.user_id('ada'), repeat('x', 129), '1 minute' $$, 'interview_id', '1 to 128 characters, none of them a control character'),
    ($$ pg_temp.user_id('ada'), E'a\nb', '1 minute' $$, 'interview_id', '1 to 128 characters, none of them a control character'),
    ($$ pg_temp.user_id('ada'), 'exam', null $$, 'by', 'an interval from 1 microsecond to 365 days'),
    ($$ pg_temp.user_id('ada'), 'exam', '0' $$, 'by', 'an interval from 1 microsecond to 365 days'),
    ($$ pg_temp.user_id('ada'), 'exam', '-1 minute' $$, 'by', 'an interval from 1 microsecond to 365 days'),
    ($$ pg_temp.user_id('ada'), 'exam', '1 day -25 hours' $$, 'by', 'an interval from 1 microsecond to 365 days'),
    ($$ pg_temp.user_id('ada'), 'exam', '365 days 1 second' $$, 'by', 'an interval from 1 microsecond to 365 days'),
    ($$ pg_temp.user_id('ada'), 'exam', '1 year' $$, 'by', 'an interval from 1 microsecond to 365 days'),
    ($$ pg_temp.user_id('ada'), 'exam', '170000000 years' $$, 'by', 'an interval from 1 microsecond to 365 days'),
    ($$ pg_temp.user_id('nobody'), 'never known', '1 minute', repeat('x', 1001) $$, 'note', 'at most 1000 characters'),
    ($$ pg_temp.user_id('ada'), 'exam', '1 minute', repeat('é', 1001) $$, 'note', 'at most 1000 characters')
) as bad (arguments, argument, must);

-- Postgres 15 and 16 have no infinite interval and refuse to parse it.
select is(
  pg_temp.answer_of($$ select public.extend_interview(pg_temp.user_id('ada'), 'exam', 'infinity') $$) ->> 'code',
  case when current_setting('server_version_num')::integer >= 170000 then '22023' else '22007' end,
  'R33: an infinite interval is refused'
);

select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'R33: nothing has changed');

select is(
  jsonb_array_length(pg_temp.answer_of(format('select public.extend_interview(%s)', arguments))), 1,
  format('C1: %s is accepted', arguments)
)
from (
  values
    ($$ pg_temp.user_id('ada'), 'exam', '1 microsecond', repeat('é', 1000) $$),
    ($$ pg_temp.user_id('ada'), 'exam', '365 days', '' $$)
) as good (arguments);

select * from finish();
rollback;
