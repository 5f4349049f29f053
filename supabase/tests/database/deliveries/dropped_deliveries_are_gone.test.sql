begin;
\ir ../helpers.psql
select plan(3);

-- given
insert into sessions.endpoints (name, url)
values ('meter', 'https://meter.example.com/hook'), ('rooms', 'https://rooms.example.com/hook');
insert into sessions.deliveries (endpoint, data, due_at)
values ('meter', '1', null), ('meter', '2', now()), ('meter', '3', now()), ('rooms', '4', null);

-- when
select pg_temp.act_as('service_role');
select is(
  public.drop_deliveries(id => (select l.id from public.list_deliveries() l where l.endpoint = 'rooms')), 1,
  'one can be dropped'
);
select is(public.drop_deliveries('meter'), 3, 'or all of an endpoint');

-- then
select is_empty('select * from public.list_deliveries()', 'they are gone');

select * from finish();
rollback;
