-- Somebody has dropped the constraints.
begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_user_with_session('ada', 'ended');
select pg_temp.authenticate_as('ada');
select from public.end_session('ended');
select pg_temp.clear_authentication();
alter table sessions.settings alter lease drop not null, alter history_retention drop not null;
update sessions.settings set lease = null, history_retention = null where true;
create temp table before as select * from pg_temp.all_rows();

-- when
create temp table refusals as
select refusal.*
from (values ($$ select public.start_session('ended') $$), ($$ select public.start_session('next') $$)) calls (call),
  pg_temp.refusal_of(call, 'authenticated', jsonb_build_object('sub', pg_temp.user_id('ada'))) refusal;

-- then
select set_eq(
  'select code, message from refusals',
  $$ values ('55000', 'sessions.settings has nulls. Nothing was changed.') $$,
  'M10 R3: no call goes on with nulls, and an id that has ended is not granted again'
);
select bag_eq('select * from pg_temp.all_rows()', 'select * from before', 'M10: nothing has changed');
select is((select status from public.session_health()), 'critical', 'B2: the health is critical');

select * from finish();
rollback;
