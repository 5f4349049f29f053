begin;
\ir ../helpers.psql
select plan(6);

-- given
insert into sessions.endpoints (name, url)
values ('meter', 'https://meter.example.com/hook'), ('rooms', 'https://rooms.example.com/hook');
select pg_temp.create_user_with_session('ada', 'first');
select pg_temp.authenticate_as('ada');
select from public.end_session('first');

-- when
select pg_temp.act_as('service_role');
create temp table claimed as select * from public.claim_deliveries();
select is(
  public.settle_deliveries(
    (
      select jsonb_agg(jsonb_build_object('id', c.id, 'attempt', 1, 'outcome', 'gone', 'error', 'answered 410'))
      from claimed c
      where c.endpoint = 'meter'
    )
    || (
      select jsonb_agg(jsonb_build_object('id', c.id, 'attempt', 1, 'outcome', 'put_back', 'error', 'no secret'))
      from claimed c
      where c.endpoint = 'rooms'
    )
  ),
  2,
  'both are settled'
);

-- then
select pg_temp.clear_authentication();
select results_eq(
  'select name, state, last_error from sessions.endpoints order by name',
  $$ values ('meter', 'gone', 'answered 410'), ('rooms', 'on', 'no secret') $$,
  'C3: 410 stops that endpoint, and no other'
);
select is(
  (select d.attempts from sessions.deliveries d where d.endpoint = 'rooms'), 0,
  'what was put back has not been tried'
);
update sessions.deliveries set due_at = clock_timestamp() where true;
select results_eq(
  'select endpoint from public.claim_deliveries()',
  $$ values ('rooms') $$,
  'C3: nothing more is claimed for it'
);
select is(
  (select l.state from public.list_deliveries() l where l.endpoint = 'meter'), 'on_hold',
  'C3: what it has not confirmed is kept'
);

-- when
update sessions.endpoints set state = 'on' where name = 'meter';

-- then
select results_eq(
  'select endpoint, attempt from public.claim_deliveries()',
  $$ values ('meter', 2) $$,
  'C3: on again, it gets what it has missed'
);

select * from finish();
rollback;
