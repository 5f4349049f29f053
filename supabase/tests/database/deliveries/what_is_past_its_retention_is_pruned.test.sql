begin;
\ir ../helpers.psql
select plan(1);

-- given
insert into sessions.endpoints (name, url, state)
values ('meter', 'https://meter.example.com/hook', 'on'), ('unused', 'https://unused.example.com/hook', 'off');
insert into sessions.deliveries (endpoint, data, created_at, due_at)
values
  ('meter', '"dead and old"', now() - interval '91 days', null),
  ('unused', '"on hold and old"', now() - interval '91 days', now()),
  ('meter', '"dead and recent"', now() - interval '89 days', null);

-- when
select from public.claim_deliveries();

-- then
select results_eq(
  'select d.data from sessions.deliveries d',
  $$ values ('"dead and recent"'::jsonb) $$,
  'M13: a delivery is kept as long as the history, dead or not'
);

select * from finish();
rollback;
