begin;
select plan(12);

select bag_eq(
  $$
    select a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid)
    from pg_attribute a
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = 'public.active_interview_sessions'::regclass and a.attnum > 0 and not a.attisdropped
  $$,
  $$
    values
      ('user_id', 'uuid', true, null),
      ('session_id', 'text', true, null),
      ('status', 'text', true, '''active''::text'),
      ('fence', 'bigint', true, null),
      ('device', 'text', false, null),
      ('created_at', 'timestamp with time zone', true, null),
      ('updated_at', 'timestamp with time zone', true, null),
      ('deadline_at', 'timestamp with time zone', true, null),
      ('expires_at', 'timestamp with time zone', true, null),
      ('previous_session_id', 'text', false, null)
  $$,
  'M1: these are its columns'
);
select col_is_pk('public', 'active_interview_sessions', 'user_id'::name, 'M1: its primary key is the user');
select fk_ok(
  'public', 'active_interview_sessions', 'user_id', 'auth', 'users', 'id',
  'M1: a user is one of auth.users'
);
select bag_eq(
  $$ select conname::text from pg_constraint where conrelid = 'public.active_interview_sessions'::regclass and contype = 'c' $$,
  $$ values ('session_id_is_one_short_line'), ('device_is_one_short_line'), ('status_is_known'), ('lease_ends_by_the_deadline') $$,
  'M1: the rules of its states are named checks'
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
select has_sequence('sessions', 'fence', 'B4: the fences come from one sequence');
select is(
  (select row(seqtypid::regtype, seqincrement > 0, seqcycle)::text from pg_sequence where seqrelid = 'sessions.fence'::regclass),
  '(bigint,t,f)',
  'B4: which only grows'
);

-- given
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('bbbbbbbb-0000-4000-8000-000000000002');
insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
select u.id, 'first', 1, now(), now(), now() + interval '15 minutes', now() + interval '5 minutes'
from auth.users u
where u.id in ('aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002');

-- when, then
select throws_ok(
  $$
    insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
    values ('aaaaaaaa-0000-4000-8000-000000000001', 'second', 2, now(), now(), now(), now())
  $$,
  '23505',
  'duplicate key value violates unique constraint "active_interview_sessions_pkey"',
  'M1: not even its owner can give a user a second row'
);
select throws_ok(
  $$
    insert into public.active_interview_sessions (user_id, session_id, fence, created_at, updated_at, deadline_at, expires_at)
    values ('99999999-0000-4000-8000-000000000009', 'nobody''s', 3, now(), now(), now(), now())
  $$,
  '23503',
  null,
  'M1: nor a row to nobody'
);

delete from auth.users where id = 'aaaaaaaa-0000-4000-8000-000000000001';
select is_empty(
  $$ select from public.active_interview_sessions where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'M1: the row of a deleted user is gone'
);
select isnt_empty(
  $$ select from public.active_interview_sessions where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  'M8: that of another is not'
);

select * from finish();
rollback;
