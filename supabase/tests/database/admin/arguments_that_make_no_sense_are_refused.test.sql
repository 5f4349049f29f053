begin;
select plan(9);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');
set local role authenticated;
set local request.jwt.claims to
  '{"sub": "dddddddd-0000-4000-8000-000000000004", "role": "authenticated", "app_metadata": {"session_admin": true}}';

select throws_ok('select public.admin_ended_sessions(null)', '22023', 'since must be a time.', 'M17: since when?');
select throws_ok(
  format('select public.admin_ended_sessions(now(), %L)', bucket), '22023', 'bucket must be from 1 minute to 7 days.',
  'M17: spans of ' || coalesce(bucket, 'null')
)
from (values (null), ('0'), ('-1 hour'), ('59 seconds'), ('7 days 1 second')) as bad (bucket);
select lives_ok(
  $$ select public.admin_ended_sessions(now(), '1 minute'), public.admin_ended_sessions(now(), '7 days') $$,
  'M17: the bounds themselves will do'
);
select throws_ok('select public.admin_revoke_session(null)', '22023', 'user_id must be the id of a user.', 'M17: whose?');
select throws_ok(
  format('select public.admin_revoke_session(%L, %L)', 'aaaaaaaa-0000-4000-8000-000000000001', repeat('n', 1001)),
  '22023', 'note must be at most 1000 characters.',
  'M17: a note, not a novel'
);

select * from finish();
rollback;
