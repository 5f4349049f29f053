begin;
\ir ../helpers.psql
select plan(2);

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
  $$ values ('a_slow_one', 10::bigint), ('meter', 1::bigint) $$,
  'C3: a claim takes from each endpoint, at most batch_size'
);
select results_eq(
  'select endpoint, count(*) from public.claim_deliveries(10) group by endpoint',
  $$ values ('a_slow_one', 10::bigint) $$,
  'the next one takes others'
);

select * from finish();
rollback;
