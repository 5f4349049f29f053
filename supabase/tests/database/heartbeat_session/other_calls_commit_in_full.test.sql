begin;
select plan(2);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

set local synchronous_commit to on;

do $$
begin
  perform public.start_session('first');
  perform public.start_session('first');
  perform public.complete_session('first');
  perform public.holds_session('first');
  perform public.end_session('first');
end
$$;

select is(current_setting('synchronous_commit'), 'on', 'a start, a retry, a complete and an end wait for the disk');

do $$
begin
  perform public.start_session('second');
  perform public.heartbeat_session('second');
end
$$;

select is(current_setting('synchronous_commit'), 'off', 'a heartbeat does not');

select * from finish();
rollback;
