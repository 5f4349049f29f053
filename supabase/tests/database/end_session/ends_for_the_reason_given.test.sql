begin;
select plan(1);

insert into auth.users (id) values ('aaaaaaaa-0000-4000-8000-000000000001');

set local role authenticated;
set local request.jwt.claims to '{"sub": "aaaaaaaa-0000-4000-8000-000000000001", "role": "authenticated"}';

create temp table ended (given text, status text, end_reason text);

do $$
declare
  v_reason text;
begin
  foreach v_reason in array array['completed', 'disconnected', 'cleared'] loop
    perform public.start_session('active, ' || v_reason);
    insert into ended
    select v_reason, e.status, e.end_reason
    from public.end_session('active, ' || v_reason, v_reason) e;

    perform public.start_session('completing, ' || v_reason);
    perform public.complete_session('completing, ' || v_reason);
    insert into ended
    select v_reason, e.status, e.end_reason
    from public.end_session('completing, ' || v_reason, v_reason) e;
  end loop;
end
$$;

select set_eq(
  'select * from ended',
  $$ values
    ('completed', 'active', 'completed'),
    ('completed', 'completing', 'completed'),
    ('disconnected', 'active', 'disconnected'),
    ('disconnected', 'completing', 'disconnected'),
    ('cleared', 'active', 'cleared'),
    ('cleared', 'completing', 'cleared') $$,
  'M3: the reason is kept, and the status it ended in'
);

select * from finish();
rollback;
