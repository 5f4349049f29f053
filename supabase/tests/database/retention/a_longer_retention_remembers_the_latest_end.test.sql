begin;
\ir ../helpers.psql
select plan(3);

-- given: a session that crashed and is forgotten, when its page says that it leaves
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('old');
select pg_temp.let_time_pass('ada', '91 days');

select is_empty($$ select * from public.end_session('old') $$, 'S9: nothing is known about it');

-- when: the retention becomes longer, so that both ends are remembered
select pg_temp.clear_authentication();
update sessions.settings set history_retention = '200 days' where true;
select pg_temp.authenticate_as('ada');

-- then
select is(
  pg_temp.answer_of(call) ->> 'message', 'This interview was left.',
  'S9: the latest counts in ' || call
)
from (
  values ($$ select public.heartbeat_session('old') $$), ($$ select public.start_session('old') $$)
) as calls (call);

select * from finish();
rollback;
