begin;
\ir ../helpers.psql
select plan(1);

select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
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
  'M3: the answer has the reason given, and the status at the end'
);

select * from finish();
rollback;
