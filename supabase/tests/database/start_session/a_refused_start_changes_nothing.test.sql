begin;
\ir ../helpers.psql
select plan(5);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table held as select * from public.start_session('held');

-- when
select throws_ok(
  $$ select public.start_session('wanted') $$,
  'PT409',
  null,
  'B3: another live session refuses'
);

select throws_ok(
  $$ select public.start_session('wanted', takeover => false) $$,
  'PT409',
  null,
  'B3: also if takeover is false'
);

-- then
select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from held',
  'B4: the holder''s row is unchanged, its lease not renewed'
);

select is_empty(
  $$ select * from pg_temp.history('ada') $$,
  'B7: nothing has ended'
);

select is(session_id, 'wanted', 'B6: the refused id can still be started')
from public.start_session('wanted', takeover => true);

select * from finish();
rollback;
