// An installation that has lost what it is known by: its schema, the sequence of the
// fences, or its version. Installing would refuse its tables as those of the app.
import type postgres from "postgres";
import { packageVersion } from "../package_files.ts";
import { catalogueOf } from "./catalogue.ts";
import { definitions, namesInPublic } from "./definitions.ts";
import { comparison } from "./comparison.ts";
import { applyAgain, type Finding, runAsPostgres, wrong } from "./finding.ts";

/** Undefined if there is nothing of an installation. */
export async function remainsFinding(
  sql: postgres.TransactionSql,
): Promise<Finding | undefined> {
  const tables = await ourTables(sql);
  const found = await catalogueOf(sql, namesInPublic());
  const compared = comparison(found, definitions());
  const isThere = (kind: string, name: string) =>
    found.some((one) => one.kind === kind && one.name === name);
  const functions = compared.wanted.filter(({ kind, name }) =>
    kind === "function" && name.startsWith("sessions.")
  );
  const present = functions.filter(({ name }) => isThere("function", name));
  if (tables.length === 0 && present.length < functions.length / 2) {
    return undefined;
  }
  const schema = await renamedSchema(sql);
  if (schema !== undefined) {
    return renamed(schema, isThere("schema", "sessions"));
  }
  const lacks = [
    {
      what: "the schema sessions",
      is: isThere("schema", "sessions"),
      make: "create schema sessions;",
    },
    {
      what: "the sequence sessions.fence",
      is: isThere("sequence", "sessions.fence"),
      make: "create sequence sessions.fence as bigint;",
    },
    {
      what: "the function sessions.version()",
      is: isThere("function", "sessions.version()"),
      make:
        `create function sessions.version() returns text language sql as 'select ''${packageVersion}''::text';`,
    },
  ].filter(({ is }) => !is);
  return wrong(
    `The installation is damaged: ${lacks.map(({ what }) => what).join(", ")} ${
      lacks.length === 1 ? "is" : "are"
    } missing${
      tables.length === 0
        ? ""
        : `. These tables of it are there, with their rows: ${
          tables.join(", ")
        }`
    }.`,
    runAsPostgres(
      lacks.map(({ make }) => make).join(" "),
      `${applyAgain(compared.optional)} Then run doctor again.`,
    ),
  );
}

function renamed(schema: string, isTaken: boolean): Finding {
  return wrong(
    `The schema sessions was renamed to ${schema}: every call fails.`,
    (isTaken
      ? "Rename the schema sessions that is there now, which is not ours. "
      : "") + runAsPostgres(`alter schema ${schema} rename to sessions;`),
  );
}

/** Our tables in public, known by having all of our columns. */
async function ourTables(sql: postgres.TransactionSql): Promise<string[]> {
  const columns = definitions().filter(({ kind, on }) =>
    kind === "column" && on?.startsWith("public.")
  );
  const tables = definitions().filter(({ kind, name }) =>
    kind === "table" && name.startsWith("public.")
  ).map(({ name }) => name);
  const rows = await sql<{ name: string }[]>`
    select format('%s.%s.%s', n.nspname, c.relname, a.attname) as name
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind = 'r'`;
  const there = new Set(rows.map(({ name }) => name));
  return tables.filter((table) =>
    columns.filter(({ on }) => on === table)
      .every(({ name }) => there.has(`${table}.${name}`))
  );
}

/** The schema that has what ours must have. */
async function renamedSchema(
  sql: postgres.TransactionSql,
): Promise<string | undefined> {
  const [row] = await sql<{ name: string }[]>`
    select quote_ident(n.nspname) as name
    from pg_namespace n
    join pg_class c on c.relnamespace = n.oid and c.relname = 'fence' and c.relkind = 'S'
    join pg_proc p on p.pronamespace = n.oid and p.proname = 'lift_fence'
    where n.nspname <> 'sessions'`;
  return row?.name;
}
