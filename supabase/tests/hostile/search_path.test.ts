// R33: objects of one's own that are called like ours, or like the system's. The
// functions run with their owner's rights, so whatever they could be made to look
// up wrongly would run with these.
import assert from "node:assert/strict";
import type postgres from "postgres";
import { changingNothing, projectOfThisFile } from "../api/support.ts";
import {
  type Holder,
  holders,
  outcomeOf,
  type Somebody,
  withSql,
} from "./support.ts";

const project = projectOfThisFile();

/** A schema that users may fill; a careless app has one. */
Deno.test.beforeAll(async () => {
  await project.sql`create schema mine`;
  await project.sql`grant all on schema mine to authenticated, service_role`;
});

/** Says who it runs as; what an attacker would put there takes over. */
const tell = (schema: string) => `
  create function ${schema}.tell(anyelement) returns boolean language plpgsql
  as $$ begin raise notice 'run as %', current_user; return true; end $$;`;

/** Calls every function that the role may call; what comes of it may differ. */
async function callAll(sql: postgres.Sql, { role, user }: Somebody) {
  const { live, ended, fence } = user as Holder;
  const calls = role === "service_role"
    ? [
      "session_health()",
      "reap_stale_sessions(10, true)",
      "reap_stale_sessions(0)",
      "revoke_session('00000000-0000-4000-8000-000000000000', 'why')",
      "revoke_session(null)",
      `user_holds_session('${user?.id}', '${live}', ${fence}, 'an interview')`,
      `extend_interview('${user?.id}', 'an interview', '1 minute')`,
      `extend_interview('${user?.id}', 'an interview', '-1 minute')`,
    ]
    : [
      `holds_session('${live}', ${fence})`,
      `holds_session('${live}', ${fence}, 'an interview')`,
      `start_session('refused', false, 'device', 'an interview')`,
      `heartbeat_session('${ended}')`,
      "heartbeat_session('never known')",
      "start_session('refused')",
      "start_session('')",
      `start_session('${ended}', true, 'device')`,
      `end_session('${ended}')`,
      "end_session('never known', 'cleared')",
      "end_session('a', 'bored')",
      "complete_session('never known')",
    ];
  const found: string[] = [];
  for (const schema of ["public", "sessions"]) {
    for (const call of calls) {
      const outcome = await outcomeOf(sql, `select ${schema}.${call}`);
      found.push(`${call}: ${outcome.split(" ")[0]}`);
    }
  }
  return found;
}

/** Asserts that these objects change no answer, and run as nobody but their
 * maker. */
async function assertUnmoved(somebody: Somebody, make: string) {
  const asEver = await changingNothing(
    project,
    () => withSql(project, somebody, (sql) => callAll(sql, somebody)),
  );
  await changingNothing(
    project,
    () =>
      withSql(project, somebody, async (sql, notices) => {
        await sql.unsafe(make).simple();
        const found = await callAll(sql, somebody);
        assert(
          !notices.includes("run as postgres"),
          `run with the owner's rights: ${make}`,
        );
        assert.deepEqual(found, asEver, make);
      }),
  );
}

async function everybody(): Promise<Somebody[]> {
  const [user] = await holders(project, 1);
  return [{ role: "authenticated", user }, { role: "service_role", user }];
}

Deno.test("R33 B8 temporary tables and views that are called like ours are not taken for them", async () => {
  const names = [
    "active_interview_sessions",
    "interview_session_history",
    "interviews",
    "settings",
    "early_ends",
    "reaper_runs",
    "users",
    "pg_class",
    "pg_proc",
    "pg_roles",
  ];
  for (const somebody of await everybody()) {
    for (const name of names) {
      await assertUnmoved(
        somebody,
        `create temp table ${name} (user_id pg_catalog.uuid, id pg_catalog.uuid, session_id pg_catalog.text)`,
      );
    }
  }
});

Deno.test("R33 B8 functions of one's own that are called like ours, or like the system's, are not taken for them", async () => {
  const functions = [
    "uid() returns pg_catalog.uuid",
    "lock_user(pg_catalog.uuid) returns pg_catalog.bool",
    "is_held(pg_catalog.uuid, pg_catalog.text, pg_catalog.int8, pg_catalog.text) returns pg_catalog.bool",
    "octet_length(pg_catalog.text) returns pg_catalog.int4",
    "operator() returns pg_catalog.text",
    "clock_timestamp() returns pg_catalog.timestamptz",
    "now() returns pg_catalog.timestamptz",
    "char_length(pg_catalog.text) returns pg_catalog.int4",
    "nextval(pg_catalog.regclass) returns pg_catalog.int8",
    "nextval(pg_catalog.text) returns pg_catalog.int8",
    "hashtextextended(pg_catalog.text, pg_catalog.int8) returns pg_catalog.int8",
    "pg_advisory_xact_lock(pg_catalog.int8) returns pg_catalog.void",
    "pg_has_role(pg_catalog.text, pg_catalog.text, pg_catalog.text) returns pg_catalog.bool",
    "current_setting(pg_catalog.text, pg_catalog.bool) returns pg_catalog.text",
  ];
  for (const somebody of await everybody()) {
    for (const schema of ["pg_temp", "mine"]) {
      const make = functions.map((signature) =>
        `
        create or replace function ${schema}.${signature} language plpgsql
        as $$ begin raise notice 'run as %', current_user; return null; end $$;`
          .replace(/return null(?=.*)/, (found) =>
            signature.endsWith("void") ? "return" : found)
      );
      await assertUnmoved(
        somebody,
        `${make.join("\n")} set search_path = ${schema}, pg_catalog, public;`,
      );
    }
    await project.sql`drop schema mine cascade`;
    await project.sql`create schema mine`;
    await project.sql`
      grant all on schema mine to authenticated, service_role`;
  }
});

Deno.test("R33 B8 operators of one's own are not taken for the system's", async () => {
  const types: [type: string, operators: string[]][] = [
    ["uuid", ["="]],
    ["text", ["=", "~", "!~", "||"]],
    ["timestamptz", ["<", ">", "<=", ">="]],
    ["int8", ["=", "<"]],
    ["int4", ["<", ">"]],
    ["bool", ["="]],
  ];
  for (const somebody of await everybody()) {
    const make = types.flatMap(([type, operators]) =>
      operators.map((operator, n) => `
        create function mine.of_${type}_${n}(pg_catalog.${type}, pg_catalog.${type})
        returns pg_catalog.bool language plpgsql
        as $$ begin raise notice 'run as %', current_user; return true; end $$;
        create operator mine.${operator} (
          leftarg = pg_catalog.${type}, rightarg = pg_catalog.${type},
          function = mine.of_${type}_${n}
        );`)
    );
    await assertUnmoved(
      somebody,
      `${make.join("\n")} set search_path = mine, pg_catalog, public;`,
    );
    await project.sql`drop schema mine cascade`;
    await project.sql`create schema mine`;
    await project.sql`
      grant all on schema mine to authenticated, service_role`;
  }
});

/** The types that are named in the functions, or in those that they call. */
const namedTypes = [
  "uuid",
  "text",
  "jsonb",
  "json",
  "timestamptz",
  "interval",
  "int4",
  "int8",
  "bool",
];

/** A domain runs its check wherever a value becomes one. */
const domain = (schema: string, type: string) =>
  `${tell(schema)}
  create domain ${schema}.${type} as pg_catalog.${type}
  check (${schema}.tell(value));`;

Deno.test("R33 B8 a temporary type that is called like one of the system's is not taken for it", async () => {
  for (const somebody of await everybody()) {
    for (const type of namedTypes) {
      await assertUnmoved(somebody, domain("pg_temp", type));
    }
    await assertUnmoved(
      somebody,
      "create type pg_temp.record as (a pg_catalog.int4); create type pg_temp.void as ()",
    );
  }
});

Deno.test("R33 B8 the attack by a type is a real one: it works on a function whose path leaves pg_temp first", async () => {
  const [user] = await holders(project, 1);
  await project.sql`
    create function public.careless() returns text
    language plpgsql security definer set search_path = ''
    as $$ declare v text := 'a'; begin return v; end $$`;
  await project
    .sql`grant execute on function public.careless() to authenticated`;

  const ranAs = async () =>
    await withSql(
      project,
      { role: "authenticated", user },
      async (sql, notices) => {
        await sql.unsafe(domain("pg_temp", "text")).simple();
        await sql`select public.careless()`;
        return notices;
      },
    );

  assert.deepEqual(await ranAs(), ["run as postgres"]);
  await project.sql`
    alter function public.careless() set search_path = pg_catalog, pg_temp`;
  assert.deepEqual(await ranAs(), []);
});
