-- A heartbeat that a crash of the server loses is made up for by the next. Nothing else may be lost.
begin;
select plan(6);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

set local synchronous_commit to on;

-- What a function's own SET undoes when it returns is what was set for the transaction; what was set for the
-- connection stays.
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

do $$
begin
  perform public.start_session('first');
end
$$;

select is(current_setting('synchronous_commit'), 'on', 'a start is on the disk when it is answered');

select throws_ok(
  $$ select public.heartbeat_session('never known') $$,
  'PT410',
  null,
  'a heartbeat that is refused'
);

select is(current_setting('synchronous_commit'), 'on', 'changes nothing for its transaction');

select is(pg_temp.setting_at_a_heartbeat('first'), 'off', 'the commit of a heartbeat need not wait');

select is(current_setting('synchronous_commit'), 'on', 'R27: that is for its transaction, not for the next client of the connection');

do $$
begin
  perform public.heartbeat_session('first');
end
$$;

select is(current_setting('synchronous_commit'), 'off', 'it holds until the transaction ends');

select * from finish();
rollback;
