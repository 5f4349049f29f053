-- Newer hosted projects: what is made in public is granted to no API role.
alter default privileges for role postgres, supabase_admin in schema public
  revoke all on tables from anon, authenticated, service_role;
alter default privileges for role postgres, supabase_admin in schema public
  revoke all on functions from anon, authenticated, service_role;
alter default privileges for role postgres, supabase_admin in schema public
  revoke all on sequences from anon, authenticated, service_role;
