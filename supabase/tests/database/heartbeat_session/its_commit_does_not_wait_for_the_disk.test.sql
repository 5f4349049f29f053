-- The next heartbeat makes up for one that a crash of the server loses. Nothing else may be lost.
begin;
\ir ../helpers.psql
select plan(6);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
set local synchronous_commit to on;
set local request.path to '/rpc/heartbeat_session';

-- A function's own SET restores the transaction's setting when it returns, not the connection's.
create function pg_temp.setting_at_a_heartbeat(session_id text)
returns text
language plpgsql
set synchronous_commit = on
as $$
begin
  perform public.heartbeat_session(session_id);
  return current_setting('synchronous_commit');
end
$$;

select from public.start_session('first');

select is(current_setting('synchronous_commit'), 'on', 'a start commits synchronously');

select throws_ok(
  $$ select public.heartbeat_session('never known') $$,
  'PT410',
  null,
  'a heartbeat is refused'
);

select is(current_setting('synchronous_commit'), 'on', 'the refused heartbeat leaves the setting alone');

select is(pg_temp.setting_at_a_heartbeat('first'), 'off', 'a heartbeat commits asynchronously');

select is(current_setting('synchronous_commit'), 'on', 'R27: for its transaction only, not for the next client of the connection');

select from public.heartbeat_session('first');

select is(current_setting('synchronous_commit'), 'off', 'until the transaction ends');

select * from finish();
rollback;
