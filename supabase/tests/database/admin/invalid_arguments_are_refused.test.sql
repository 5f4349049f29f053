begin;
\ir ../helpers.psql
select plan(9);

select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');

select throws_ok('select public.admin_ended_sessions(null)', '22023', 'since must be a timestamp.', 'M17: a null since is refused');

select throws_ok(
  format('select public.admin_ended_sessions(now(), %L)', bucket), '22023', 'bucket must be from 1 minute to 7 days.',
  'M17: a bucket of ' || coalesce(bucket, 'null') || ' is refused'
)
from (values (null), ('0'), ('-1 hour'), ('59 seconds'), ('7 days 1 second')) as bad (bucket);

select lives_ok(
  $$ select public.admin_ended_sessions(now(), '1 minute'), public.admin_ended_sessions(now(), '7 days') $$,
  'M17: the bounds are accepted'
);

select throws_ok('select public.admin_revoke_session(null)', '22023', 'user_id must be the id of a user.', 'M17: a null user is refused');

select throws_ok(
  format('select public.admin_revoke_session(%L, %L)', pg_temp.user_id('ada'), repeat('n', 1001)),
  '22023', 'note must be at most 1000 characters.',
  'M17: a note of 1001 characters is refused'
);

select * from finish();
rollback;
