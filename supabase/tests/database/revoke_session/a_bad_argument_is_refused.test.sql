begin;
\ir ../helpers.psql
select plan(3);

-- given
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
create temp table held as select * from public.start_session('held');

-- when
select pg_temp.act_as('service_role');
create temp table refusals as
select bad.what, refusal.*
from (
    values
      ('user_id null', null, null),
      ('note of 1001 characters', pg_temp.user_id('ada'), repeat('x', 1001))
  ) as bad (what, user_id, note),
  pg_temp.refusal_of(format('select public.revoke_session(%L, %L)', bad.user_id, bad.note)) refusal;

-- then
select results_eq(
  'select what, code, message, detail from refusals',
  $$ values
    ('user_id null', '22023', 'user_id must be the id of a user.', '{"argument": "user_id"}'::jsonb),
    ('note of 1001 characters', '22023', 'note must be at most 1000 characters.', '{"argument": "note"}') $$,
  'R33: each is refused, and the detail names the argument'
);

select pg_temp.clear_authentication();

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$,
  'select * from held',
  'R33: the session is unchanged'
);

select pg_temp.act_as('service_role');

select from public.revoke_session(pg_temp.user_id('ada'), repeat('é', 1000));
select pg_temp.clear_authentication();

select is(note, repeat('é', 1000), 'a note of 1000 characters is accepted')
from sessions.revocations
where user_id = pg_temp.user_id('ada');

select * from finish();
rollback;
