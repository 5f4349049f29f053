begin;
\ir ../helpers.psql
select plan(7);

-- given: Ada's first session was followed by a second one
select pg_temp.create_users('ada');
select pg_temp.authenticate_as('ada');
select from public.start_session('first');
select from public.end_session('first', 'completed');
create temp table live as select * from public.start_session('second');

create temp table callers (name, role_name, claims) as values
  ('admin_revoke_session', 'authenticated', '{"app_metadata": {"session_admin": true}}'::jsonb),
  ('revoke_session', 'service_role', '{}');
grant select on callers to authenticated, service_role;

create function pg_temp.revoke_as(name text, session_id text)
returns setof text
language plpgsql
as $$
begin
  perform pg_temp.act_as(c.role_name, c.claims) from callers c where c.name = revoke_as.name;
  return query execute format(
    'select session_id from public.%I(%L, null, %L)', name, pg_temp.user_id('ada'), session_id
  );
  perform pg_temp.clear_authentication();
end
$$;
select pg_temp.clear_authentication();

-- when, then
select is_empty(format('select * from pg_temp.revoke_as(%L, %L)', name, 'first'), format('W16: %s: the first one is gone: no row', name))
from callers;

select results_eq(
  $$ select * from pg_temp.active_session('ada') $$, 'select * from live',
  'W16: the second one is unchanged'
);
select is_empty('select from sessions.revocations where session_id = ''first''', 'W16: nothing is recorded');

select results_eq(
  $$ select * from pg_temp.revoke_as('admin_revoke_session', 'second') $$, $$ values ('second') $$,
  'W16: named by its id, it is ended'
);
select throws_ok(
  format('select * from pg_temp.revoke_as(%L, %L)', name, e'a\nb'), '22023',
  'session_id must be 1 to 128 characters, none of them a control character.',
  'W16: ' || name || ' refuses what is no session_id'
)
from callers;

select * from finish();
rollback;
