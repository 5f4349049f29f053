// What uninstalling would delete from a database, and which objects of the app depend
// on the component.
import postgres from "postgres";
import { definitions } from "./doctor/definitions.ts";
import { removalCheck } from "./migration.ts";

/** What there is in a database. */
export interface InUse {
  rows: { table: string; count: number }[];
  /** Objects of the app that make the removal fail. */
  dependants: string[];
  /** Objects of the app on our tables, dropped with them. */
  goingAlong: string[];
}

/** Looks, and changes nothing; undefined if it is not installed. */
export async function inUse(sql: postgres.Sql): Promise<InUse | undefined> {
  return await sql.begin("read only", async (sql) => {
    const [row] = await sql<{ isThere: boolean }[]>`
      select to_regclass('sessions.fence') is not null as "isThere"`;
    if (!row?.isThere) return undefined;
    return {
      rows: await rowsIn(sql),
      dependants: await dependants(sql),
      goingAlong: await goingAlong(sql),
    };
  });
}

const made = definitions();

const namesOf = (kind: string) =>
  made.filter((one) => one.kind === kind).map(({ name }) => name);

const tables = namesOf("table");

/** What is part of our tables: `public.interviews: name`. */
const partsOf = (kind: string) =>
  made.filter((one) => one.kind === kind).map(({ on, name }) =>
    `${on}: ${name}`
  );

async function rowsIn(sql: postgres.TransactionSql) {
  const rows = [];
  for (const table of tables) {
    // of a chapter that is not installed, or dropped
    const [{ isThere } = {}] = await sql<{ isThere: boolean }[]>`
      select to_regclass(${table}) is not null as "isThere"`;
    if (!isThere) continue;
    const [row] = await sql<{ count: string }[]>`
      select count(*) as count from ${sql(table)}`;
    rows.push({ table, count: Number(row?.count ?? 0) });
  }
  return rows.filter(({ count }) => count > 0);
}

/** Our tables, as a common table expression. */
const ourTables = (sql: postgres.TransactionSql) =>
  sql`
    our_tables as (
      select c.oid
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where format('%s.%s', n.nspname, c.relname) = any (${tables})
    )`;

/** Asks the SQL that would remove it; it refuses before it changes anything. */
async function dependants(sql: postgres.TransactionSql): Promise<string[]> {
  try {
    await sql.savepoint((sql) => sql.unsafe(removalCheck()).simple());
    return [];
  } catch (error) {
    if (!(error instanceof postgres.PostgresError) || error.code !== "2BP01") {
      throw error;
    }
    return `${error.detail}`.split("\n");
  }
}

/** What the app added to our tables; dropped with them. */
async function goingAlong(sql: postgres.TransactionSql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    with ${ourTables(sql)}
    select pg_describe_object('pg_policy'::regclass, p.oid, 0) as name
    from pg_policy p
    where p.polrelid in (select oid from our_tables)
      and format('%s: %s', (select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = p.polrelid), p.polname)
        <> all (${partsOf("policy")})
    union all
    select pg_describe_object('pg_trigger'::regclass, t.oid, 0)
    from pg_trigger t
    where t.tgrelid in (select oid from our_tables)
      and not t.tgisinternal
      and format('%s: %s', (select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = t.tgrelid), t.tgname)
        <> all (${partsOf("trigger")})
    union all
    select format('place of %s in publication %I', r.prrelid::regclass, p.pubname)
    from pg_publication_rel r
    join pg_publication p on p.oid = r.prpubid
    where r.prrelid in (select oid from our_tables)
    union all
    select format('column %I of %s', a.attname, a.attrelid::regclass)
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    where a.attrelid in (select oid from our_tables) and a.attnum > 0 and not a.attisdropped
      and format('%s.%s: %s', n.nspname, c.relname, a.attname) <> all (${
    partsOf("column")
  })
    order by 1`;
  return rows.map(({ name }) => name);
}
