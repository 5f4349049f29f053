begin;
\ir ../helpers.psql
select plan(10);

select bag_eq(
  $$ select a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull
    from pg_attribute a
    where a.attrelid = 'public.interviews'::regclass and a.attnum > 0 and not a.attisdropped $$,
  $$ values
    ('user_id', 'uuid', true),
    ('interview_id', 'text', true),
    ('started_at', 'timestamp with time zone', true),
    ('deadline_at', 'timestamp with time zone', true),
    ('submitted_at', 'timestamp with time zone', false),
    ('last_session_id', 'text', true) $$,
  'C1: these are its columns'
);

select col_is_pk(
  'public', 'interviews', array['user_id', 'interview_id']::name[],
  'C1: its primary key is the user and the interview'
);

select fk_ok('public', 'interviews', 'user_id', 'auth', 'users', 'id', 'C1: a user is one of auth.users');

select indexes_are(
  'public', 'interviews', array['interviews_pkey', 'interviews_deadline_at']::name[],
  'M12: beside the primary key it has the index for the prune'
);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first', interview_id => 'exam');
select pg_temp.clear_authentication();

-- when, then
select throws_ok(
  $$ insert into public.interviews (user_id, interview_id, started_at, deadline_at, last_session_id)
    values (pg_temp.user_id('ada'), 'exam', now(), now(), 'second') $$,
  '23505', null,
  'C1: not even the table''s owner can give an interview a second clock'
);

select throws_ok(
  $$ update public.interviews set deadline_at = 'infinity' where user_id = pg_temp.user_id('ada') $$, '23514', null,
  'C1: nor one that never ends'
);

select bag_eq(
  $$ select a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull
    from pg_attribute a
    where a.attrelid = 'sessions.extensions'::regclass and a.attnum > 0 and not a.attisdropped $$,
  $$ values
    ('id', 'bigint', true),
    ('user_id', 'uuid', true),
    ('interview_id', 'text', true),
    ('extended_at', 'timestamp with time zone', true),
    ('extended_by', 'uuid', false),
    ('role', 'text', true),
    ('extended', 'interval', true),
    ('note', 'text', false) $$,
  'C1: the record of extensions has these'
);

select bag_eq(
  $$ select a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull
    from pg_attribute a
    where a.attrelid = 'sessions.revocations'::regclass and a.attnum > 0 and not a.attisdropped $$,
  $$ values
    ('user_id', 'uuid', true),
    ('session_id', 'text', true),
    ('revoked_at', 'timestamp with time zone', true),
    ('revoked_by', 'uuid', false),
    ('role', 'text', true),
    ('note', 'text', false) $$,
  'M17: the record of revocations has these'
);

select is_empty(
  $$ select c.conrelid::regclass, c.conname
    from pg_constraint c
    where c.contype = 'f'
      and c.connamespace in ('sessions'::regnamespace, 'public'::regnamespace)
      and (
        c.connamespace = 'sessions'::regnamespace
        or c.conrelid in (
          'public.active_interview_sessions'::regclass, 'public.interview_session_history'::regclass, 'public.interviews'::regclass
        )
      )
      and c.confdeltype <> 'c' $$,
  'M13: whatever refers to a user or an interview is deleted with it'
);

select is_empty(
  $$ select c.conrelid::regclass, c.conname
    from pg_constraint c
    where c.contype = 'f'
      and c.connamespace = 'sessions'::regnamespace
      and not exists (
        select from pg_index i
        where i.indrelid = c.conrelid and (i.indkey::smallint[])[0:cardinality(c.conkey) - 1] = c.conkey
      ) $$,
  'M12: by an index'
);

select * from finish();
rollback;
