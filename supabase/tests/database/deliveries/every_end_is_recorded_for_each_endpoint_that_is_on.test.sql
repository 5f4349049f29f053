begin;
\ir ../helpers.psql
select plan(4);

-- given
insert into sessions.endpoints (name, url, state)
values
  ('meter', 'https://meter.example.com/hook', 'on'),
  ('rooms', 'https://rooms.example.com/hook', 'on'),
  ('unused', 'https://unused.example.com/hook', 'off'),
  ('closed', 'https://closed.example.com/hook', 'gone');
select pg_temp.create_users('ada');

-- when
create temp table ends as select * from pg_temp.end_a_session_in_every_way('ada');
select pg_temp.reap_and_prune();

-- then
select set_eq(
  'select d.endpoint, d.data from sessions.deliveries d',
  $$ select e.name, to_jsonb(h)
     from pg_temp.history('ada') h
     cross join (values ('meter'), ('rooms')) e (name) $$,
  'C3: each end, the reaped ones too, is recorded for each endpoint that is on, as its row in the history'
);

select is(count(*), 14::bigint, 'C3: seven ends, two endpoints') from sessions.deliveries;

select pg_temp.clear_authentication();
delete from auth.users where id = pg_temp.user_id('ada');

select is(
  count(*), 14::bigint, 'C3: deliveries outlive their user: what the sessions held is still to be released'
)
from sessions.deliveries;

delete from sessions.endpoints where name = 'rooms';
select is(
  (select array_agg(distinct d.endpoint) from sessions.deliveries d),
  array['meter'],
  'without their endpoint they are gone'
);

select * from finish();
rollback;
