-- In the year 2001, where no other test has a history.
begin;
select plan(5);

-- given
insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
insert into public.interview_session_history
  (user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status)
select
  'aaaaaaaa-0000-4000-8000-000000000001', ended_at::text, row_number() over (), ended_at - took, ended_at, ended_at,
  end_reason, 'active'
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
language sql as $$
  select * from public.admin_ended_sessions(since, bucket) where ended_from < '2002-01-01'
$$;
set local role authenticated;
set local request.jwt.claims to
  '{"sub": "dddddddd-0000-4000-8000-000000000004", "role": "authenticated", "app_metadata": {"session_admin": true}}';

-- when, then
select results_eq(
  $$ select * from pg_temp.counted('2001-05-05 10:00+00', '1 hour') $$,
  $$
    values
      (timestamptz '2001-05-05 10:00+00', 'completed', 3::bigint, 120::double precision, 360::double precision),
      (timestamptz '2001-05-05 10:00+00', 'taken_over', 1::bigint, 30::double precision, 30::double precision),
      (timestamptz '2001-05-05 11:00+00', 'expired', 1::bigint, 240::double precision, 240::double precision)
  $$,
  'M17: each reason in each hour, with the median and the longest duration; what ended before is left out'
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
  'M17: a shorter span divides them'
);
select is(
  (select sum(sessions) from pg_temp.counted('2001-05-05 00:00+00', '1 day')), 6::numeric,
  'M17: a longer one puts them together'
);
select results_eq(
  $$ select * from public.admin_ended_sessions('2001-05-05 10:00+00') where ended_from < '2002-01-01' $$,
  $$ select * from pg_temp.counted('2001-05-05 10:00+00', '1 hour') $$,
  'M17: an hour is the usual'
);
select is_empty(
  $$ select * from public.admin_ended_sessions(clock_timestamp() + interval '1 day') $$,
  'M17: nothing has ended tomorrow'
);

select * from finish();
rollback;
