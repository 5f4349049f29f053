-- The auth schema and who may use it. Its tables come from @supabase/lite and
-- are made by supabase_auth_admin, who therefore owns them, as on a hosted
-- project.
-- Run as supabase_admin, before those tables are made; may be run again.
create schema if not exists auth;
grant all on schema auth to supabase_auth_admin;
grant usage on schema auth to postgres, anon, authenticated, service_role;
