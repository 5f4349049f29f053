begin;
\ir ../helpers.psql
select plan(4);

-- given
insert into sessions.endpoints (name, url)
values ('a_slow_one', 'https://slow.example.com/hook'), ('meter', 'https://meter.example.com/hook');
insert into sessions.deliveries (endpoint, data, created_at)
select 'a_slow_one', '{}', now() - interval '1 hour' from generate_series(1, 500);
insert into sessions.deliveries (endpoint, data) values ('meter', '{}');

-- when
select pg_temp.act_as('service_role');
create temp table claimed as select * from public.claim_deliveries(10);

-- then
select results_eq(
  'select endpoint, count(*) from claimed group by endpoint order by endpoint',
  $$ values ('a_slow_one', 5::bigint), ('meter', 1::bigint) $$,
  'C3: a claim takes from each endpoint, in equal shares'
);
select results_eq(
  'select endpoint, count(*) from public.claim_deliveries(10) group by endpoint',
  $$ values ('a_slow_one', 10::bigint) $$,
  'the next one takes others, and all of its share goes to those that wait'
);
select results_eq(
  $$ select endpoint, count(*) from public.claim_deliveries(10, 'a_slow_one') group by endpoint $$,
  $$ values ('a_slow_one', 10::bigint) $$,
  'C3: a claim for one endpoint takes only its deliveries, at most batch_size'
);

-- when there are more endpoints than a batch has deliveries
select pg_temp.clear_authentication();
insert into sessions.deliveries (endpoint, data) values ('meter', '{}');
select pg_temp.act_as('service_role');
select is(
  (select count(*) from public.claim_deliveries(1)), 1::bigint, 'C3: a claim never takes more than batch_size'
);

select * from finish();
rollback;
