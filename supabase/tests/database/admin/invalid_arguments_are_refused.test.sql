begin;
\ir ../helpers.psql
select plan(29);

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

select throws_ok('select public.' || call, '22023', message, 'M17: ' || call)
from (
  values
    ('admin_live_sessions(search => '''')', 'search must be 1 to 200 characters, none of them a control character.'),
    ('admin_live_sessions(state => ''over'')', 'state must be active, completing, stale or null.'),
    ('admin_live_sessions(order_by => ''fence'')', 'order_by must be email, device, interview_id, created_at, updated_at, deadline_at or expires_at.'),
    ('admin_live_sessions(order_by => null)', 'order_by must be email, device, interview_id, created_at, updated_at, deadline_at or expires_at.'),
    ('admin_live_sessions(descending => null)', 'descending must be true or false.'),
    ('admin_live_sessions(skip => -1)', 'skip must be from 0 to 1000000.'),
    ('admin_live_sessions(at_most => 1001)', 'at_most must be from 1 to 1000.'),
    ('admin_session_history(end_reason => ''crashed'')', 'end_reason must be an end reason or null.'),
    ('admin_session_history(order_by => ''note'')', 'order_by must be email, device, interview_id, end_reason, started_at, ended_at or duration.'),
    ('admin_session_history(at_most => 10001)', 'at_most must be from 1 to 10000.'),
    ('admin_list_deliveries(search => '''')', 'search must be 1 to 200 characters, none of them a control character.'),
    ('admin_list_deliveries(state => ''delivered'')', 'state must be pending, on_hold, dead or null.'),
    ('admin_list_deliveries(order_by => ''url'')', 'order_by must be email, endpoint, created_at, attempts or due_at.'),
    ('admin_list_deliveries(order_by => null)', 'order_by must be email, endpoint, created_at, attempts or due_at.'),
    ('admin_list_deliveries(skip => -1)', 'skip must be from 0 to 1000000.'),
    ('admin_list_deliveries(at_most => 10001)', 'at_most must be from 1 to 10000.'),
    ('admin_retry_deliveries(repeat(''x'', 64))', 'endpoint must be the name of an endpoint.'),
    ('admin_session_details(null, ''a'')', 'user_id must be the id of a user.'),
    ('admin_session_details(pg_temp.user_id(''ada''), null)', 'session_id must be 1 to 128 characters, none of them a control character.'),
    ('admin_extend_interview(null, ''exam'', ''1 minute'')', 'user_id must be the id of a user.')
) as calls (call, message);

select * from finish();
rollback;
