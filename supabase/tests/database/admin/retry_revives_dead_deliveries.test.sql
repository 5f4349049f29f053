begin;
\ir ../helpers.psql
select plan(5);

-- given: two dead deliveries of the meter, one of the rooms, and one that waits
delete from sessions.endpoints where true;
insert into sessions.endpoints (name, url) values ('meter', 'https://meter.example.com/'), ('rooms', 'https://rooms.example.com/');
insert into sessions.deliveries (id, endpoint, data, attempts, due_at) values
  ('00000000-0000-4000-8000-000000000001', 'meter', '{}', 12, null),
  ('00000000-0000-4000-8000-000000000002', 'meter', '{}', 12, null),
  ('00000000-0000-4000-8000-000000000003', 'rooms', '{}', 12, null),
  ('00000000-0000-4000-8000-000000000004', 'rooms', '{}', 3, now() + interval '1 hour');

create function pg_temp.dead()
returns text
language sql
security definer
as $$
  select string_agg(right(d.id::text, 1), ' ' order by d.id) from sessions.deliveries d where d.due_at is null;
$$;

select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');

-- when, then
select is(
  public.admin_retry_deliveries(id => '00000000-0000-4000-8000-000000000001'), 1,
  'M17: one is revived by its id'
);
select is(public.admin_retry_deliveries('rooms') || ' ' || pg_temp.dead(), '1 2', 'M17: or those of an endpoint');
select is(public.admin_retry_deliveries(), 1, 'M17: or all of them');
select is(public.admin_retry_deliveries(), 0, 'M17: a second time there is nothing to do');

select pg_temp.clear_authentication();
select results_eq(
  $$ select right(d.id::text, 1), d.attempts, d.due_at <= clock_timestamp() from sessions.deliveries d order by d.id $$,
  $$ values ('1', 0, true), ('2', 0, true), ('3', 0, true), ('4', 3, false) $$,
  'C3: what is revived is due now, with twelve attempts; what waited keeps its attempts and its time'
);

select * from finish();
rollback;
