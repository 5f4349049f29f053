-- The part of Supabase Storage's schema that policies and uploads need: run as
-- postgres in a database that has no Storage. May be run again.

create schema if not exists storage;
grant usage on schema storage to anon, authenticated, service_role;

create table if not exists storage.buckets (
  id text primary key,
  name text not null unique,
  public boolean default false,
  file_size_limit bigint,
  allowed_mime_types text[]
);

create table if not exists storage.objects (
  id uuid primary key default gen_random_uuid(),
  bucket_id text references storage.buckets (id),
  name text,
  owner_id text,
  version text,
  user_metadata jsonb,
  created_at timestamptz default now()
);
create unique index if not exists bucketid_objname on storage.objects (bucket_id, name);

alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
grant all on storage.buckets, storage.objects to anon, authenticated, service_role;

create or replace function storage.foldername(name text)
returns text[]
language sql
immutable
as $$
  select parts[1:array_length(parts, 1) - 1]
  from (select string_to_array(name, '/') as parts) as path
$$;

create or replace function storage.filename(name text)
returns text
language sql
immutable
as $$
  select parts[array_length(parts, 1)]
  from (select string_to_array(name, '/') as parts) as path
$$;
