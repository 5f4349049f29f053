begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('held');

select pg_temp.act_as('service_role');
create temp table revoked as
select * from public.revoke_session(pg_temp.user_id('ada'), 'Not for the user.');

-- when
select pg_temp.authenticate_as('ada');
create temp table refusal as
select * from pg_temp.refusal_of($$ select public.heartbeat_session('held') $$);

-- then
select pg_temp.clear_authentication();

select results_eq(
  'select code, message, detail from refusal',
  $$ select
      'PT410',
      'This interview was ended by an administrator.',
      jsonb_build_object('session_id', 'held', 'end_reason', 'revoked', 'ended_at', ended_at)
    from revoked $$,
  'B4: a heartbeat is refused and says why and when'
);

select pg_temp.authenticate_as('ada');

select is(end_reason, 'revoked', 'B6: an end says the same')
from public.end_session('held', 'completed');

select is(previous_session_id, null, 'M17: the user may start again')
from public.start_session('next');

select * from finish();
rollback;
