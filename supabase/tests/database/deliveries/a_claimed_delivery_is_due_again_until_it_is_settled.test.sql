begin;
\ir ../helpers.psql
select plan(8);

-- given
insert into sessions.endpoints (name, url) values ('meter', 'https://meter.example.com/hook');
select pg_temp.create_user_with_session('ada', 'first');
select pg_temp.authenticate_as('ada');
select from public.end_session('first');

-- when
select pg_temp.act_as('service_role');
create temp table claimed as select * from public.claim_deliveries();

-- then
select results_eq(
  'select endpoint, url, attempt, data from claimed',
  $$ select 'meter', 'https://meter.example.com/hook', 1, to_jsonb(h) from pg_temp.history('ada') h $$,
  'C3: a claim returns what is due, and where it goes'
);
select is_empty('select * from public.claim_deliveries()', 'C3: nobody else gets it meanwhile');

-- when no result comes
select pg_temp.clear_authentication();
update sessions.deliveries set due_at = due_at - interval '2 minutes' where true;
select pg_temp.act_as('service_role');

-- then
select results_eq(
  'select id, attempt from public.claim_deliveries()',
  'select id, 2 from claimed',
  'C3: after 2 minutes it is due again, under the same id'
);

-- when the result of the first attempt comes late
select is(
  public.settle_deliveries(
    (select jsonb_agg(jsonb_build_object('id', c.id, 'attempt', 1, 'outcome', 'failed', 'error', 'late')) from claimed c)
  ),
  0,
  'a failure of an earlier attempt changes nothing'
);
select is(
  public.settle_deliveries(
    (select jsonb_agg(jsonb_build_object('id', c.id, 'attempt', 1, 'outcome', 'delivered')) from claimed c)
  ),
  1,
  'but if it was delivered then, it is delivered'
);

-- then
select is_empty('select * from public.list_deliveries()', 'C3: what is delivered is no longer pending');
select is(
  public.settle_deliveries(
    (select jsonb_agg(jsonb_build_object('id', c.id, 'attempt', 2, 'outcome', 'delivered')) from claimed c)
  ),
  0,
  'settled twice: nothing is counted twice'
);
select pg_temp.clear_authentication();
select is(delivered, 1::bigint, 'the endpoint has one delivery') from sessions.endpoints;

select * from finish();
rollback;
