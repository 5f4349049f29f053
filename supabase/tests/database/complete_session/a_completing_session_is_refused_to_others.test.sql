begin;
\ir ../helpers.psql
select plan(4);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('held', device => 'Chrome on Windows');
create temp table held as select * from public.complete_session('held');

-- when
create temp table refusal as
select * from pg_temp.refusal_of($$ select public.start_session('wanted') $$);

-- then
select is(code, 'PT409', 'B3: a completing session is still live')
from refusal;

select is(detail ->> 'session_id' || ' ' || (detail ->> 'status'), 'held completing', 'B3: the refusal says that it is completing')
from refusal;

-- when
select from public.start_session('wanted', takeover => true);

-- then
select results_eq(
  $$ select session_id, end_reason, status from pg_temp.history('ada') $$,
  $$ values ('held', 'taken_over', 'completing') $$,
  'B7: it was taken over while completing'
);

select is(status, 'active', 'M6: the new session is active')
from public.heartbeat_session('wanted');

select * from finish();
rollback;
