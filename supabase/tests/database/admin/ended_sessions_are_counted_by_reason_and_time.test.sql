-- In 2001, so that the project's own history does not count.
begin;
\ir ../helpers.psql
select plan(5);

-- given
select pg_temp.create_users('ada');
select pg_temp.add_ended_session('ada', ended_at::text, ended_at - took, ended_at, end_reason)
from (
  values
    (timestamptz '2001-05-05 09:59:59+00', interval '9 minutes', 'completed'),
    ('2001-05-05 10:00:00+00', '1 minute', 'completed'),
    ('2001-05-05 10:20:00+00', '2 minutes', 'completed'),
    ('2001-05-05 10:40:00+00', '6 minutes', 'completed'),
    ('2001-05-05 10:50:00+00', '30 seconds', 'taken_over'),
    ('2001-05-05 11:00:00+00', '4 minutes', 'expired')
) as given (ended_at, took, end_reason);

create function pg_temp.counted(since timestamptz, bucket interval)
returns table (ended_from timestamptz, end_reason text, sessions bigint, median double precision, longest double precision)
language sql
as $$
  select * from public.admin_ended_sessions(since, bucket) where ended_from < '2002-01-01';
$$;

select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');

-- when, then
select results_eq(
  $$ select * from pg_temp.counted('2001-05-05 10:00+00', '1 hour') $$,
  $$
    values
      (timestamptz '2001-05-05 10:00+00', 'completed', 3::bigint, 120::double precision, 360::double precision),
      (timestamptz '2001-05-05 10:00+00', 'taken_over', 1::bigint, 30::double precision, 30::double precision),
      (timestamptz '2001-05-05 11:00+00', 'expired', 1::bigint, 240::double precision, 240::double precision)
  $$,
  'M17: one row per hour and reason, with the median and the longest duration; earlier sessions are left out'
);

select results_eq(
  $$ select ended_from, end_reason, sessions from pg_temp.counted('2001-05-05 10:00+00', '30 minutes') $$,
  $$
    values
      (timestamptz '2001-05-05 10:00+00', 'completed', 2::bigint),
      (timestamptz '2001-05-05 10:30+00', 'completed', 1::bigint),
      (timestamptz '2001-05-05 10:30+00', 'taken_over', 1::bigint),
      (timestamptz '2001-05-05 11:00+00', 'expired', 1::bigint)
  $$,
  'M17: a shorter bucket splits them'
);

select is(
  (select sum(sessions) from pg_temp.counted('2001-05-05 00:00+00', '1 day')), 6::numeric,
  'M17: a longer bucket joins them'
);

select results_eq(
  $$ select * from public.admin_ended_sessions('2001-05-05 10:00+00') where ended_from < '2002-01-01' $$,
  $$ select * from pg_temp.counted('2001-05-05 10:00+00', '1 hour') $$,
  'M17: the default bucket is an hour'
);

select is_empty(
  $$ select * from public.admin_ended_sessions(clock_timestamp() + interval '1 day') $$,
  'M17: no session has ended in the future'
);

select * from finish();
rollback;
