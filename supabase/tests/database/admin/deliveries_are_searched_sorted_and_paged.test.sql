begin;
\ir ../helpers.psql
select plan(22);

-- given: three endpoints, one of which is gone, and a delivery of each state; another session's is confirmed
select pg_temp.create_users('ada', 'ben');
update auth.users set email = 'ada@one.example' where id = pg_temp.user_id('ada');
delete from sessions.endpoints where true;
insert into sessions.endpoints (name, url) values
  ('meter', 'https://meter.example.com/hook?key=secret'), ('rooms', 'https://rooms.example.com/'), ('uploads', 'https://up.example.com/');
update sessions.endpoints set state = 'gone', last_error = 'The receiver answered 410 Gone.' where name = 'uploads';
update sessions.endpoints set delivered = 7, last_delivered_at = '2026-01-01 00:00+00' where name = 'meter';

insert into sessions.deliveries (endpoint, data, created_at, attempts, due_at, last_error)
select
  endpoint,
  jsonb_build_object(
    'user_id', pg_temp.user_id(user_name), 'session_id', session_id, 'interview_id', 'exam', 'device', device,
    'end_reason', 'expired'
  ),
  now() - age, attempts, due_at, last_error
from (
  values
    ('meter', 'ada', 'a', 'Safari', interval '3 hours', 12, null::timestamptz, 'The receiver answered 500.'),
    ('rooms', 'ada', 'b', null, interval '2 hours', 2, now() + interval '5 minutes', 'The receiver did not answer in 10 s.'),
    ('uploads', 'ben', 'c', null, interval '1 hour', 1, now() + interval '1 minute', null)
) as given (endpoint, user_name, session_id, device, age, attempts, due_at, last_error);

create function pg_temp.listed(arguments text)
returns text
language plpgsql
as $$
declare
  v_listed text;
begin
  execute format(
    'select string_agg(d.delivery ->> ''session_id'', '' '' order by d.place)
    from public.admin_list_deliveries(%s) l, jsonb_array_elements(l.deliveries) with ordinality d (delivery, place)',
    arguments
  ) into v_listed;
  return coalesce(v_listed, '');
end
$$;

-- when, then
select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');

select is(pg_temp.listed(call), found, 'M17: ' || call)
from (
  values
    ('descending => true', 'c b a'),
    ('descending => false', 'a b c'),
    ('state => ''dead''', 'a'),
    ('state => ''on_hold''', 'c'),
    ('state => ''pending''', 'b'),
    ('search => ''ONE.example''', 'b a'),
    ('search => ''saf''', 'a'),
    ('search => ''ROOMS''', 'b'),
    ('search => ''answered 5''', 'a'),
    ('search => ''exam''', 'c b a'),
    ('search => ''secret''', ''),
    ('order_by => ''attempts''', 'a b c'),
    ('order_by => ''due_at'', descending => false', 'c b a'),
    ('order_by => ''endpoint'', skip => 1, at_most => 1', 'b')
) as calls (call, found);

select results_eq(
  'select total, searched_since from public.admin_list_deliveries(at_most => 1)',
  'values (3::bigint, null::timestamptz)',
  'M17: the total counts all pages, and everything was searched'
);

select is(
  (select deliveries -> 0 from public.admin_list_deliveries(search => 'saf')) - 'id' - 'created_at',
  jsonb_build_object(
    'endpoint', 'meter', 'state', 'dead', 'user_id', pg_temp.user_id('ada'), 'email', 'ada@one.example', 'session_id', 'a',
    'interview_id', 'exam', 'end_reason', 'expired', 'attempts', 12, 'due_at', null, 'seconds_to_due', null,
    'last_error', 'The receiver answered 500.'
  ),
  'M17: a delivery has its error and its attempts'
);
select cmp_ok(
  (deliveries -> 0 ->> 'seconds_to_due')::numeric, '<=', 300.0, 'M17: and when the next attempt is due'
)
from public.admin_list_deliveries(search => 'rooms');

select is(
  endpoints,
  jsonb_build_array(
    jsonb_build_object(
      'name', 'meter', 'state', 'on', 'delivered', 7, 'last_delivered_at', timestamptz '2026-01-01 00:00+00',
      'last_error', null, 'last_error_at', null
    ),
    jsonb_build_object(
      'name', 'rooms', 'state', 'on', 'delivered', 0, 'last_delivered_at', null, 'last_error', null, 'last_error_at', null
    ),
    jsonb_build_object(
      'name', 'uploads', 'state', 'gone', 'delivered', 0, 'last_delivered_at', null,
      'last_error', 'The receiver answered 410 Gone.', 'last_error_at', null
    )
  ),
  'M17: the endpoints are listed without their URLs, which may contain a key'
)
from public.admin_list_deliveries(at_most => 1);

select results_eq(
  $$ select total, deliveries, jsonb_array_length(endpoints) from public.admin_list_deliveries(search => 'nobody') $$,
  $$ values (0::bigint, '[]'::jsonb, 3) $$,
  'M17: if none is found, there is still one row'
);

-- when: more are waiting than are searched, and all of them are newer than the dead one
select pg_temp.clear_authentication();
insert into sessions.deliveries (endpoint, data, created_at)
select 'rooms', jsonb_build_object('user_id', pg_temp.user_id('ben'), 'session_id', 'many'), now() - n * interval '0.1 seconds'
from generate_series(1, 10000) n;
select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');

-- then
select results_eq(
  'select total, searched_since from public.admin_list_deliveries(at_most => 1)',
  'select 10000::bigint, now() - 10000 * interval ''0.1 seconds''',
  'S26: only the latest 10 000 are searched, and the answer says how far back'
);
select is(pg_temp.listed('state => ''dead'''), 'a', 'M17: newer deliveries do not hide a dead one');

-- when: the user is deleted
select pg_temp.clear_authentication();
delete from auth.users where id = pg_temp.user_id('ada');
select pg_temp.authenticate_as('dan', '{"app_metadata": {"session_admin": true}}');

-- then
select is(
  deliveries -> 0 -> 'email', 'null'::jsonb,
  'M17: the delivery outlives its user, without an email address'
)
from public.admin_list_deliveries(state => 'dead');

select * from finish();
rollback;
