-- The roles of a hosted Supabase project, as far as this project meets them.
-- Run as supabase_admin, the cluster's only superuser; may be run again.

do $$
declare
  v_role record;
begin
  for v_role in
    select *
    from (values
      ('anon', 'nologin inherit'),
      ('authenticated', 'nologin inherit'),
      ('service_role', 'nologin inherit bypassrls'),
      ('authenticator', 'login noinherit'),
      ('supabase_auth_admin', 'login noinherit'),
      (
        'postgres',
        'login inherit nosuperuser createdb createrole replication bypassrls'
      )
    ) as roles (name, attributes)
  loop
    if not exists (select from pg_roles where rolname = v_role.name) then
      execute format('create role %I', v_role.name);
    end if;
    execute format('alter role %I with %s', v_role.name, v_role.attributes);
  end loop;
end;
$$;

-- the API connects as authenticator and becomes one of these per request
grant anon, authenticated, service_role to authenticator;

grant anon, authenticated, service_role to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;

alter role anon set statement_timeout to '3s';
alter role authenticated set statement_timeout to '8s';
alter role authenticator set statement_timeout to '8s';
alter role authenticator set lock_timeout to '8s';
alter role supabase_auth_admin set search_path to auth;
