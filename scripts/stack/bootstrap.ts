// Makes a bare Postgres look like a hosted Supabase project: its roles, schemas,
// extensions, privileges and auth tables. All of it may be run again.
import { getAuthSchemaSql } from "@supabase/lite";
import postgres from "postgres";
import type { PostgresServer } from "./postgres.ts";

/** What new objects in `public` are granted to the API roles. */
export type DefaultPrivileges = "granted" | "revoked";

const superuser = "supabase_admin";

/** Makes the roles. Once per server, before any database is made ready. */
export async function bootstrapCluster(server: PostgresServer) {
  await inDatabase(server, "postgres", superuser, async (sql) => {
    await sql.unsafe(script("roles.sql")).simple();
  });
}

/**
 * Makes the database if there is none, and in it what a hosted project has
 * before its first migration.
 */
export async function bootstrapDatabase(
  server: PostgresServer,
  database: string,
  o: { defaultPrivileges?: DefaultPrivileges } = {},
) {
  await inDatabase(server, "template1", superuser, async (sql) => {
    const found = await sql`
      select from pg_database where datname = ${database}`;
    await (found.length === 0
      ? sql`create database ${sql(database)} owner postgres strategy file_copy`
      : sql`alter database ${sql(database)} owner to postgres`);
  });
  const defaultPrivileges = o.defaultPrivileges === "revoked"
    ? "default_privileges_revoked.sql"
    : "default_privileges_granted.sql";
  await inDatabase(server, database, superuser, async (sql) => {
    await sql.unsafe(script("database.sql")).simple();
    await sql.unsafe(script("auth_schema.sql")).simple();
    await sql.unsafe(script(defaultPrivileges)).simple();
  });
  await inDatabase(server, database, "supabase_auth_admin", async (sql) => {
    // not App.ensureSystemSchema(): that swallows every error, and makes the
    // table of applied migrations, which is the Supabase CLI's to make
    await sql.unsafe(getAuthSchemaSql()).simple();
    await sql.unsafe(script("auth_functions.sql")).simple();
  });
}

/**
 * Copies a database, which nothing may be connected to, in a few milliseconds;
 * with its settings and grants, which Postgres' own copy leaves out.
 */
export async function cloneDatabase(
  server: PostgresServer,
  template: string,
  name: string,
) {
  await inDatabase(server, "template1", superuser, async (sql) => {
    const [source] = await sql<{ owner: string }[]>`
      select pg_get_userbyid(datdba) as owner
      from pg_database
      where datname = ${template}`;
    if (!source) throw new Error(`There is no database ${template} to copy.`);
    await sql`
      create database ${sql(name)}
      template ${sql(template)}
      owner ${sql(source.owner)}
      strategy file_copy`;
    await copySettings(sql, template, name);
    await copyGrants(sql, template, name);
  });
}

/** Drops a database, and ends the connections to it. */
export async function dropDatabase(server: PostgresServer, name: string) {
  await inDatabase(server, "postgres", superuser, async (sql) => {
    await sql`drop database if exists ${sql(name)} with (force)`;
  });
}

async function copySettings(sql: postgres.Sql, from: string, to: string) {
  const settings = await sql<{ role: string | null; setting: string }[]>`
    select r.rolname as role, unnest(s.setconfig) as setting
    from pg_db_role_setting as s
    join pg_database as d on d.oid = s.setdatabase
    left join pg_roles as r on r.oid = s.setrole
    where d.datname = ${from}`;
  for (const { role, setting } of settings) {
    const at = setting.indexOf("=");
    const name = setting.slice(0, at);
    // "from current" spares us from quoting lists such as a search_path
    await sql`select set_config(${name}, ${setting.slice(at + 1)}, false)`;
    await (role === null
      ? sql`alter database ${sql(to)} set ${sql(name)} from current`
      : sql`alter role ${sql(role)} in database ${sql(to)}
            set ${sql(name)} from current`);
  }
}

async function copyGrants(sql: postgres.Sql, from: string, to: string) {
  const grants = await sql<Grant[]>`
    select
      case a.grantee when 0 then null else pg_get_userbyid(a.grantee) end
        as grantee,
      a.privilege_type as privilege,
      a.is_grantable as grantable
    from pg_database as d
    cross join aclexplode(d.datacl) as a
    where d.datname = ${from}`;
  // without an entry of its own the database has the default grants
  if (grants.length === 0) return;
  await sql`revoke all on database ${sql(to)} from public`;
  for (const { grantee, privilege, grantable } of grants) {
    await sql`
      grant ${sql.unsafe(privilege)} on database ${sql(to)}
      to ${grantee === null ? sql`public` : sql(grantee)}
      ${grantable ? sql`with grant option` : sql``}`;
  }
}

interface Grant {
  grantee: string | null;
  privilege: string;
  grantable: boolean;
}

async function inDatabase(
  server: PostgresServer,
  database: string,
  role: string,
  work: (sql: postgres.Sql) => Promise<void>,
) {
  const sql = postgres(server.url(database, role), {
    max: 1,
    fetch_types: false,
    prepare: false,
    onnotice: () => {},
  });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
}

function script(name: string): string {
  return Deno.readTextFileSync(new URL(name, import.meta.url));
}
