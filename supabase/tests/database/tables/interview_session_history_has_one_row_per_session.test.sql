begin;
\ir ../helpers.psql
select plan(19);

select bag_eq(
  $$ select
      a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
      pg_get_expr(d.adbin, d.adrelid) || case when a.attgenerated = 's' then ', generated' else '' end
    from pg_attribute a
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = 'public.interview_session_history'::regclass and a.attnum > 0 and not a.attisdropped $$,
  $$ values
    ('user_id', 'uuid', true, null),
    ('session_id', 'text', true, null),
    ('fence', 'bigint', true, null),
    ('device', 'text', false, null),
    ('started_at', 'timestamp with time zone', true, null),
    ('last_seen_at', 'timestamp with time zone', true, null),
    ('ended_at', 'timestamp with time zone', true, null),
    ('end_reason', 'text', true, null),
    ('status', 'text', true, null),
    ('previous_session_id', 'text', false, null),
    ('duration', 'interval', true, '(ended_at - started_at), generated'),
    ('interview_id', 'text', false, null),
    ('ended_fence', 'bigint', true, 'nextval(''sessions.fence''::regclass)') $$,
  'B7: these are its columns'
);

select col_is_pk(
  'public', 'interview_session_history', array['user_id', 'session_id']::name[],
  'B7: its primary key is the user and the session'
);

select fk_ok(
  'public', 'interview_session_history', 'user_id', 'auth', 'users', 'id',
  'B7: a user is one of auth.users'
);

select bag_eq(
  $$ select conname::text from pg_constraint where conrelid = 'public.interview_session_history'::regclass and contype = 'c' $$,
  $$ values ('end_reason_is_known'), ('status_is_known') $$,
  'B7: named checks keep its rows valid'
);

select indexes_are(
  'public', 'interview_session_history',
  array['interview_session_history_pkey', 'interview_session_history_ended_at']::name[],
  'M12: beside the primary key it has the index for the prune and for the health'
);

-- given
select pg_temp.create_users('ada', 'ben');
select pg_temp.add_ended_session(name, 'first', now() - interval '12 minutes', now()) from unnest(array['ada', 'ben']) name;

-- when, then
select is(
  (select duration from pg_temp.history('ada')), interval '12 minutes',
  'M17: the duration is generated'
);

select throws_ok(
  $$ select pg_temp.add_ended_session('ada', 'first', now(), now(), 'expired') $$,
  '23505',
  'duplicate key value violates unique constraint "interview_session_history_pkey"',
  'B7: not even the table''s owner can insert a session twice'
);

select throws_ok(
  format('update public.interview_session_history set %s where user_id = %L', change, pg_temp.user_id('ada')),
  '23514',
  format('new row for relation "interview_session_history" violates check constraint "%s"', violated),
  description
)
from (
  values
    ($$ end_reason = 'crashed' $$, 'end_reason_is_known', 'B7: an unknown end reason is refused'),
    ($$ status = 'ended' $$, 'status_is_known', 'B7: an unknown status is refused')
) as changes (change, violated, description);

select lives_ok(
  format(
    'update public.interview_session_history set end_reason = %L where user_id = %L',
    end_reason, pg_temp.user_id('ada')
  ),
  format('B7: the end reason %s is accepted', end_reason)
)
from pg_temp.end_reasons();

select throws_ok(
  $$ select pg_temp.add_ended_session('nobody', 'nobody''s', now(), now(), 'expired') $$,
  '23503',
  null,
  'B7: a row for an unknown user is refused'
);

-- when
delete from auth.users where id = pg_temp.user_id('ada');

-- then
select is_empty($$ select session_id from pg_temp.history('ada') $$, 'B7: the history of a deleted user is gone');

select results_eq(
  $$ select session_id from pg_temp.history('ben') $$, $$ values ('first') $$,
  'M8: the history of another user is not'
);

select * from finish();
rollback;
