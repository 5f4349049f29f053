// A database looks like a hosted project's before its first migration.
import assert from "node:assert/strict";
import {
  bootstrapCluster,
  bootstrapDatabase,
  cloneDatabase,
} from "../../../scripts/stack/bootstrap.ts";
import type { PostgresServer } from "../../../scripts/stack/postgres.ts";
import { connected, preparedServer } from "./support.ts";

let prepared: Awaited<ReturnType<typeof preparedServer>>;
let server: PostgresServer;
Deno.test.beforeAll(async () => {
  prepared = await preparedServer();
  server = prepared.server;
});
Deno.test.afterAll(() => prepared.remove());

Deno.test("the roles have a hosted project's attributes", async () => {
  const roles = await connected(server.url(), (sql) =>
    sql`
      select
        rolname as name, rolsuper as super, rolcanlogin as login,
        rolinherit as inherit, rolcreaterole as createrole,
        rolcreatedb as createdb, rolbypassrls as bypassrls,
        rolreplication as replication, rolconfig as config
      from pg_roles
      where rolname !~ '^pg_'
      order by rolname`);
  const no = {
    super: false,
    login: false,
    inherit: true,
    createrole: false,
    createdb: false,
    bypassrls: false,
    replication: false,
    config: null,
  };
  assert.deepEqual([...roles], [
    { name: "anon", ...no, config: ["statement_timeout=3s"] },
    { name: "authenticated", ...no, config: ["statement_timeout=8s"] },
    {
      name: "authenticator",
      ...no,
      login: true,
      inherit: false,
      config: ["statement_timeout=8s", "lock_timeout=8s"],
    },
    {
      name: "postgres",
      ...no,
      login: true,
      createrole: true,
      createdb: true,
      bypassrls: true,
      replication: true,
    },
    { name: "service_role", ...no, bypassrls: true },
    {
      name: "supabase_admin",
      super: true,
      login: true,
      inherit: true,
      createrole: true,
      createdb: true,
      bypassrls: true,
      replication: true,
      config: null,
    },
    {
      name: "supabase_auth_admin",
      ...no,
      login: true,
      inherit: false,
      config: ["search_path=auth"],
    },
  ]);
});

Deno.test("authenticator may become the API roles, and no other", async () => {
  const members = await connected(server.url(), (sql) =>
    sql`
      select m.roleid::regrole::text as role
      from pg_auth_members as m
      where m.member = 'authenticator'::regrole
      order by 1`);
  assert.deepEqual(members.map(({ role }) => role), [
    "anon",
    "authenticated",
    "service_role",
  ]);
});

Deno.test("postgres may grant the API roles, use auth's tables, and not make any there", async () => {
  await connected(server.url(), async (sql) => {
    const members = await sql`
      select m.roleid::regrole::text as role
      from pg_auth_members as m
      where m.member = 'postgres'::regrole
      and m.admin_option
      order by 1`;
    assert.deepEqual(members.map(({ role }) => role), [
      "anon",
      "authenticated",
      "service_role",
    ]);
    const owners = await sql`
      select distinct relowner::regrole::text as owner
      from pg_class
      where relnamespace = 'auth'::regnamespace`;
    assert.deepEqual([...owners], [{ owner: "supabase_auth_admin" }]);
    await sql`insert into auth.users (id, email) values (gen_random_uuid(), 'a@b.c')`;
    await sql`delete from auth.users`;
    await assert.rejects(
      async () => await sql`create table auth.mine (id int)`,
      { code: "42501" },
    );
  });
});

Deno.test("extensions are in their schema, and the search path finds them", async () => {
  await connected(server.url(), async (sql) => {
    const extensions = await sql`
      select extname as name, extnamespace::regnamespace::text as schema
      from pg_extension
      where extname <> 'plpgsql'
      order by 1`;
    assert.deepEqual([...extensions], [
      { name: "pgcrypto", schema: "extensions" },
      { name: "pgtap", schema: "extensions" },
      { name: "uuid-ossp", schema: "extensions" },
    ]);
    const [{ path }] = await sql`select current_setting('search_path') as path`;
    assert.equal(path, '"$user", public, extensions');
    const [{ plan }] = await sql`select plan(1)`;
    assert.equal(plan, "1..1");
  });
});

for (const state of ["granted", "revoked"] as const) {
  Deno.test(`default privileges ${state}: what a new table and function grant`, async () => {
    const database = `default_${state}`;
    await bootstrapDatabase(server, database, { defaultPrivileges: state });
    await connected(server.url(database), async (sql) => {
      await sql`create table public.things (id int)`;
      await sql`create function public.act() returns int language sql return 1`;
      const rights = await sql`
        select
          role,
          has_table_privilege(role, 'public.things', 'insert') as table,
          (select proacl::text ~ (role || '=X') from pg_proc where proname = 'act')
            as function
        from unnest(array['anon', 'authenticated', 'service_role']) as role`;
      const granted = state === "granted";
      for (const right of rights) {
        assert.equal(right.table, granted, right.role);
        assert.equal(right.function ?? false, granted, right.role);
      }
    });
  });
}

Deno.test("all of it may be run again, and changes nothing", async () => {
  const catalogue = () =>
    connected(server.url(), (sql) =>
      sql`
        select 'function' as what, oid::regprocedure::text as name, proacl::text as acl
        from pg_proc where pronamespace in ('auth'::regnamespace, 'public'::regnamespace)
        union all
        select 'table', oid::regclass::text, relacl::text
        from pg_class where relnamespace in ('auth'::regnamespace, 'public'::regnamespace)
        union all
        select 'schema', nspname, nspacl::text from pg_namespace where nspname !~ '^pg_'
        union all
        select 'default', format('%s %s', defaclrole::regrole, defaclobjtype), defaclacl::text
        from pg_default_acl
        union all
        select 'database', datname, datacl::text
        from pg_database where datname = current_database()
        order by 1, 2`);
  const before = await catalogue();
  await bootstrapCluster(server);
  await bootstrapDatabase(server, "postgres");
  assert.deepEqual(await catalogue(), before);
});

Deno.test("a clone has the template's tables, settings and grants", async () => {
  await bootstrapDatabase(server, "template_of_clone");
  await connected(server.url("template_of_clone"), async (sql) => {
    await sql`create table public.things as select 1 as id`;
    await sql`alter database template_of_clone set work_mem to '5MB'`;
    await sql`revoke connect on database template_of_clone from public`;
    await sql`grant connect on database template_of_clone to authenticator`;
  });
  await cloneDatabase(server, "template_of_clone", "clone");
  const facts = (database: string) =>
    connected(server.url(database), (sql) =>
      sql`
        select
          pg_get_userbyid(datdba) as owner,
          current_setting('work_mem') as work_mem,
          current_setting('search_path') as search_path,
          has_database_privilege('anon', oid, 'connect') as anon,
          has_database_privilege('authenticator', oid, 'connect') as authenticator,
          has_database_privilege('supabase_auth_admin', oid, 'create') as auth_admin,
          (select count(*) from public.things) as things
        from pg_database
        where datname = current_database()`);
  const clone = await facts("clone");
  assert.deepEqual(clone, await facts("template_of_clone"));
  assert.equal(clone[0].anon, false);
  assert.equal(clone[0].work_mem, "5MB");
});

Deno.test("auth.uid(), auth.role() and auth.jwt() read both kinds of settings", async () => {
  const id = "11111111-2222-3333-4444-555555555555";
  await connected(server.url(), async (sql) => {
    const ask = (name: string, value: string) =>
      sql.begin(async (sql) => {
        await sql`select set_config(${name}, ${value}, true)`;
        const [row] = await sql`
          select auth.uid() as uid, auth.role() as role, auth.jwt() as jwt`;
        return { ...row };
      });
    const claims = { sub: id, role: "authenticated" };
    assert.deepEqual(await ask("request.jwt.claims", JSON.stringify(claims)), {
      uid: id,
      role: "authenticated",
      jwt: claims,
    });
    assert.deepEqual(await ask("request.jwt.claim.sub", id), {
      uid: id,
      role: null,
      jwt: null,
    });
    assert.deepEqual(await ask("request.jwt.claims", ""), {
      uid: null,
      role: null,
      jwt: null,
    });
  });
});
