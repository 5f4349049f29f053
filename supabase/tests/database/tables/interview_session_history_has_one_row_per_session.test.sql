begin;
select plan(14);

select bag_eq(
  $$
    select
      a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
      pg_get_expr(d.adbin, d.adrelid) || case when a.attgenerated = 's' then ', generated' else '' end
    from pg_attribute a
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = 'public.interview_session_history'::regclass and a.attnum > 0 and not a.attisdropped
  $$,
  $$
    values
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
      ('ended_by', 'uuid', false, null),
      ('note', 'text', false, null),
      ('duration', 'interval', true, '(ended_at - started_at), generated')
  $$,
  'B7: these are its columns'
);
select col_is_pk(
  'public', 'interview_session_history', array['user_id', 'session_id']::name[],
  'B7: a session of a user ends once'
);
select fk_ok(
  'public', 'interview_session_history', 'user_id', 'auth', 'users', 'id',
  'B7: a user is one of auth.users'
);
select bag_eq(
  $$ select conname::text from pg_constraint where conrelid = 'public.interview_session_history'::regclass and contype = 'c' $$,
  $$ values ('end_reason_is_known'), ('status_is_known'), ('note_is_short') $$,
  'B7: the rules of its rows are named checks'
);
select indexes_are(
  'public', 'interview_session_history',
  array['interview_session_history_pkey', 'interview_session_history_ended_at']::name[],
  'M12: beside the primary key it has the index that pruning goes by'
);

-- given
insert into auth.users (id) values
  ('aaaaaaaa-0000-4000-8000-000000000001'),
  ('bbbbbbbb-0000-4000-8000-000000000002');
insert into public.interview_session_history (
  user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status
)
select u.id, 'first', 1, now() - interval '12 minutes', now(), now(), 'completed', 'completing'
from auth.users u
where u.id in ('aaaaaaaa-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000002');

-- when, then
select is(
  (
    select duration
    from public.interview_session_history
    where user_id = 'aaaaaaaa-0000-4000-8000-000000000001'
  ),
  interval '12 minutes',
  'M17: the duration is worked out by the table'
);
select throws_ok(
  $$
    insert into public.interview_session_history (
      user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status
    )
    values ('aaaaaaaa-0000-4000-8000-000000000001', 'first', 2, now(), now(), now(), 'expired', 'active')
  $$,
  '23505',
  'duplicate key value violates unique constraint "interview_session_history_pkey"',
  'B7: not even its owner can end a session twice'
);
select throws_ok(
  format('update public.interview_session_history set %s where user_id = %L', change, 'aaaaaaaa-0000-4000-8000-000000000001'),
  '23514',
  format('new row for relation "interview_session_history" violates check constraint "%s"', violated),
  description
)
from (
  values
    ($$ end_reason = 'crashed' $$, 'end_reason_is_known', 'B7: a reason is one of seven'),
    ($$ status = 'ended' $$, 'status_is_known', 'B7: the last status is active or completing'),
    ($$ note = repeat('x', 1001) $$, 'note_is_short', 'B7: a note has at most 1000 characters')
) as changes (change, violated, description);
select lives_ok(
  $$
    do '
      declare
        v_reason text;
      begin
        foreach v_reason in array array[
          ''completed'', ''disconnected'', ''cleared'', ''taken_over'', ''expired'', ''timed_out'', ''revoked''
        ]
        loop
          update public.interview_session_history
          set end_reason = v_reason, note = repeat(''ü'', 1000)
          where user_id = ''aaaaaaaa-0000-4000-8000-000000000001'';
        end loop;
      end
    '
  $$,
  'B7: each of the seven will do, with a note of 1000 characters'
);

select throws_ok(
  $$
    insert into public.interview_session_history (
      user_id, session_id, fence, started_at, last_seen_at, ended_at, end_reason, status
    )
    values ('99999999-0000-4000-8000-000000000009', 'nobody''s', 3, now(), now(), now(), 'expired', 'active')
  $$,
  '23503',
  null,
  'B7: nobody has no history'
);
delete from auth.users where id = 'aaaaaaaa-0000-4000-8000-000000000001';
select is_empty(
  $$ select from public.interview_session_history where user_id = 'aaaaaaaa-0000-4000-8000-000000000001' $$,
  'B7: the history of a deleted user is gone'
);
select isnt_empty(
  $$ select from public.interview_session_history where user_id = 'bbbbbbbb-0000-4000-8000-000000000002' $$,
  'M8: that of another is not'
);

select * from finish();
rollback;
