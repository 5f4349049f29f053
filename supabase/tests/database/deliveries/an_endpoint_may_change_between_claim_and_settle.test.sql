begin;
\ir ../helpers.psql
select plan(6);

-- given
insert into sessions.endpoints (name, url)
values
  ('deleted', 'https://deleted.example.com/hook'), ('off', 'https://off.example.com/hook'),
  ('rooms', 'https://rooms.example.com/hook');
select pg_temp.create_user_with_session('ada', 'first');
select pg_temp.authenticate_as('ada');
select from public.end_session('first');

select pg_temp.act_as('service_role');
create temp table claimed as select * from public.claim_deliveries();

-- when
select pg_temp.clear_authentication();
delete from sessions.endpoints where name = 'deleted';
update sessions.endpoints set state = 'off' where name = 'off';
delete from auth.users where id = pg_temp.user_id('ada');

-- then
select pg_temp.act_as('service_role');
select is(
  public.settle_deliveries(
    (
      select jsonb_agg(
        jsonb_build_object(
          'id', c.id, 'attempt', 1,
          'outcome', case c.endpoint when 'rooms' then 'delivered' else 'gone' end,
          'error', case c.endpoint when 'rooms' then null else 'answered 410' end
        )
      )
      from claimed c
    )
  ),
  2,
  'C3: the others are settled, whatever happened to their endpoint or user'
);
select pg_temp.clear_authentication();
select results_eq(
  'select name, state, delivered, last_error from sessions.endpoints order by name',
  $$ values ('off', 'off', 0::bigint, 'answered 410'), ('rooms', 'on', 1::bigint, null) $$,
  'C3: an endpoint that was turned off stays off'
);

-- given one that failed before
insert into sessions.deliveries (endpoint, data, last_error) values ('rooms', '{}', 'answered 500');
select pg_temp.act_as('service_role');
truncate claimed;
insert into claimed select * from public.claim_deliveries();

-- when the run has no time left
select is(
  public.settle_deliveries(
    (select jsonb_agg(jsonb_build_object('id', c.id, 'attempt', 1, 'outcome', 'put_back')) from claimed c)
  ),
  1,
  'it is put back'
);

-- then
select pg_temp.clear_authentication();
select is(
  (select d.last_error from sessions.deliveries d where d.endpoint = 'rooms'), 'answered 500',
  'what is put back without an error keeps its last one'
);

-- when the same result comes twice
update sessions.deliveries set due_at = clock_timestamp() where endpoint = 'rooms';
select pg_temp.act_as('service_role');
truncate claimed;
insert into claimed select * from public.claim_deliveries();
select is(
  public.settle_deliveries(
    (
      select jsonb_agg(jsonb_build_object('id', c.id, 'attempt', 1, 'outcome', 'delivered'))
      from claimed c
      cross join generate_series(1, 2)
    )
  ),
  1,
  'C3: a result that is told twice counts once'
);
select pg_temp.clear_authentication();
select is(
  (select e.delivered from sessions.endpoints e where e.name = 'rooms'), 2::bigint, 'and so it does at its endpoint'
);

select * from finish();
rollback;
