begin;
\ir ../helpers.psql
select plan(12);

select bag_eq(
  $$ select a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
    from pg_attribute a
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = 'public.active_interview_sessions'::regclass and a.attnum > 0 and not a.attisdropped $$,
  $$ values
    ('user_id', 'uuid', true, null),
    ('session_id', 'text', true, null),
    ('status', 'text', true, '''active''::text'),
    ('fence', 'bigint', true, null),
    ('device', 'text', false, null),
    ('created_at', 'timestamp with time zone', true, null),
    ('updated_at', 'timestamp with time zone', true, null),
    ('deadline_at', 'timestamp with time zone', true, null),
    ('expires_at', 'timestamp with time zone', true, null),
    ('previous_session_id', 'text', false, null),
    ('interview_id', 'text', false, null) $$,
  'M1: these are its columns'
);

select col_is_pk('public', 'active_interview_sessions', 'user_id'::name, 'M1: its primary key is the user');

select fk_ok(
  'public', 'active_interview_sessions', 'user_id', 'auth', 'users', 'id',
  'M1: a user is one of auth.users'
);

select bag_eq(
  $$ select conname::text from pg_constraint
    where conrelid = 'public.active_interview_sessions'::regclass and contype = 'c' $$,
  array['lease_ends_by_the_deadline'],
  'M10: no lease can end after the deadline'
);

select indexes_are(
  'public', 'active_interview_sessions', array['active_interview_sessions_pkey'::name],
  'M12: it has no index but the primary key'
);

select is(
  (select reloptions from pg_class where oid = 'public.active_interview_sessions'::regclass),
  array['fillfactor=50'],
  'M12: its pages have room for a heartbeat of every row'
);

select has_sequence('sessions', 'fence', 'B4: fences come from one sequence');

select is(
  (select row(seqtypid::regtype, seqincrement > 0, seqcycle)::text from pg_sequence where seqrelid = 'sessions.fence'::regclass),
  '(bigint,t,f)',
  'B4: the sequence only increases'
);

-- given
select
  pg_temp.create_user_with_session('ada', 'ada''s'),
  pg_temp.create_user_with_session('ben', 'ben''s');

-- when, then
select throws_ok(
  format(
    $$ insert into public.active_interview_sessions
        (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
      values (%L, 'second', 2, now(), now(), now(), now()) $$,
    pg_temp.user_id(user_name)
  ),
  code::char(5), null, description
)
from (
  values
    ('ada', '23505', 'M1: not even the table''s owner can insert a second row for a user'),
    ('nobody', '23503', 'M1: nor a row for an unknown user')
) as inserts (user_name, code, description);

-- when
delete from auth.users where id = pg_temp.user_id('ada');

-- then
select is_empty($$ select session_id from pg_temp.active_session('ada') $$, 'M1: the row of a deleted user is gone');

select results_eq(
  $$ select session_id from pg_temp.active_session('ben') $$, $$ values ('ben''s') $$,
  'M8: the row of another user is not'
);

select * from finish();
rollback;
