begin;
\ir ../helpers.psql
select plan(5);

-- given
select pg_temp.reap_and_prune();
insert into sessions.endpoints (name, url) values ('meter', 'https://meter.example.com/hook');

select results_eq(
  'select status, deliveries_pending, deliveries_oldest_age, deliveries_dead from public.session_health()',
  $$ values ('ok', 0::bigint, null::interval, 0::bigint) $$,
  'C3: with nothing to deliver all is well'
);

insert into sessions.deliveries (endpoint, data, created_at) values ('meter', '1', now() - interval '30 minutes');
select results_eq(
  $$ select status, deliveries_pending, deliveries_oldest_age > interval '29 minutes', deliveries_dead from public.session_health() $$,
  $$ values ('ok', 1::bigint, true, 0::bigint) $$,
  'C3: a receiver may be away for a while'
);

update sessions.deliveries set created_at = now() - interval '61 minutes' where true;
select matches(reason, '^1 deliveries are pending, the oldest for 01:01:00', 'C3: after an hour it is a warning')
from public.session_health()
where status = 'warning';

update sessions.endpoints set state = 'gone' where true;
select matches(reason, '^Endpoints answered 410 Gone and get nothing more: meter', 'C3: so is an endpoint that is gone')
from public.session_health()
where status = 'warning';

update sessions.deliveries set due_at = null where true;
select matches(reason, '^1 deliveries are dead', 'C3: and a dead delivery')
from public.session_health()
where status = 'warning' and deliveries_dead = 1 and deliveries_pending = 0;

select * from finish();
rollback;
