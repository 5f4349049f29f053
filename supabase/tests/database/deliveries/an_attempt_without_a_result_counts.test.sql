begin;
\ir ../helpers.psql
select plan(3);

-- given
insert into sessions.endpoints (name, url) values ('meter', 'https://meter.example.com/hook');
select pg_temp.create_user_with_session('ada', 'first');
select pg_temp.authenticate_as('ada');
select from public.end_session('first');
select pg_temp.clear_authentication();

-- when the function dies in each attempt
create temp table attempts (attempt integer);
do $$
begin
  for n in 1 .. 12 loop
    insert into attempts select c.attempt from public.claim_deliveries() c;
    update sessions.deliveries d set due_at = clock_timestamp() where true;
  end loop;
end
$$;

-- then
select is((select max(a.attempt) from attempts a), 12, 'C3: twelve attempts begin');
select is_empty('select * from public.claim_deliveries()', 'C3: no thirteenth');
select results_eq(
  'select state, attempts from public.list_deliveries()',
  $$ values ('dead', 12) $$,
  'C3: it is dead and can be seen'
);

select * from finish();
rollback;
