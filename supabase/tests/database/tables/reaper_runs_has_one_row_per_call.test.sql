begin;
\ir ../helpers.psql
select plan(3);

select bag_eq(
  $$ select a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text
    from pg_attribute a
    where a.attrelid = 'sessions.reaper_runs'::regclass and a.attnum > 0 and not a.attisdropped $$,
  $$ values
    ('id', 'bigint', true, 'a'),
    ('ran_at', 'timestamp with time zone', true, ''),
    ('ran_by', 'text', true, ''),
    ('reaped', 'integer', true, ''),
    ('failed', 'integer', true, ''),
    ('orphaned', 'integer', true, ''),
    ('pruned', 'integer', true, ''),
    ('prunes_failed', 'integer', true, ''),
    ('took', 'interval', true, '') $$,
  'M14: these are its columns'
);

select col_is_pk(
  'sessions', 'reaper_runs', array['ran_at', 'id']::name[],
  'M14: its primary key is the time, and the id for two calls of one instant'
);

select indexes_are(
  'sessions', 'reaper_runs', array['reaper_runs_pkey'::name],
  'M14: it has no other index: it stays short'
);

select * from finish();
rollback;
