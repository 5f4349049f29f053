begin;
select plan(2);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

do $$
begin
  perform public.start_session('left');
end
$$;

create temp table of_left as select * from public.end_session('left');

do $$
begin
  perform public.start_session('handed in');
  perform public.complete_session('handed in');
end
$$;

create temp table of_handed_in as select * from public.end_session('handed in');

select results_eq(
  'select session_id, status, end_reason from of_left',
  $$ values ('left', 'active', 'disconnected') $$,
  'M3: an active one was disconnected'
);

select results_eq(
  'select session_id, status, end_reason from of_handed_in',
  $$ values ('handed in', 'completing', 'completed') $$,
  'M4: a completing one was completed'
);

select * from finish();
rollback;
