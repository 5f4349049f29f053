// What uninstalling would delete from a database, and which objects of the app depend
// on the component.
import type postgres from "postgres";
import { definitions, nameOf } from "./doctor/definitions.ts";

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
      dependants: [...await dependants(sql), ...await callers(sql)],
      goingAlong: await goingAlong(sql),
    };
  });
}

const made = definitions();

const namesOf = (kind: string) =>
  made.filter((one) => one.kind === kind).map(({ name }) => name);

const tables = namesOf("table");
const functions = namesOf("function").map(nameOf);

/** What is part of our tables: `public.interviews: name`. */
const partsOf = (kind: string) =>
  made.filter((one) => one.kind === kind).map(({ on, name }) =>
    `${on}: ${name}`
  );

async function rowsIn(sql: postgres.TransactionSql) {
  const rows = [];
  for (const table of tables) {
    const [row] = await sql<{ count: string }[]>`
      select count(*) as count from ${sql(table)}`;
    rows.push({ table, count: Number(row?.count ?? 0) });
  }
  return rows.filter(({ count }) => count > 0);
}

/** Oids of what is ours, as a common table expression. */
const ours = (sql: postgres.TransactionSql) =>
  sql`
    our_tables as (
      select c.oid
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      where format('%s.%s', n.nspname, c.relname) = any (${tables})
    ),
    ours (classid, objid) as (
      select 'pg_class'::regclass, oid from our_tables
      union all
      select 'pg_class'::regclass, c.oid
      from pg_class c
      where c.relnamespace = 'sessions'::regnamespace and c.relname = 'fence'
      union all
      -- indexes, identity sequences, TOAST tables
      select 'pg_class'::regclass, d.objid
      from pg_depend d
      where d.classid = 'pg_class'::regclass
        and d.refclassid = 'pg_class'::regclass
        and d.refobjid in (select oid from our_tables)
        and d.deptype in ('a', 'i')
      union all
      select 'pg_type'::regclass, t.oid
      from pg_type t
      where t.typrelid in (select oid from our_tables)
        or t.oid = to_regtype('public.interview_session_health')
        or t.typelem in (
          select e.oid from pg_type e
          where e.typrelid in (select oid from our_tables)
            or e.oid = to_regtype('public.interview_session_health')
        )
      union all
      select 'pg_class'::regclass, t.typrelid
      from pg_type t
      where t.oid = to_regtype('public.interview_session_health')
      union all
      select 'pg_proc'::regclass, p.oid
      from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
      where format('%s.%s', n.nspname, p.proname) = any (${functions})
        and (n.nspname = 'sessions' or p.prosrc like '%sessions.' || p.proname || '(%')
      union all
      select 'pg_constraint'::regclass, c.oid from pg_constraint c where c.conrelid in (select oid from our_tables)
      union all
      select 'pg_attrdef'::regclass, a.oid from pg_attrdef a where a.adrelid in (select oid from our_tables)
      union all
      select 'pg_policy'::regclass, p.oid from pg_policy p where p.polrelid in (select oid from our_tables)
      union all
      select 'pg_trigger'::regclass, t.oid from pg_trigger t where t.tgrelid in (select oid from our_tables)
      union all
      select 'pg_namespace'::regclass, 'sessions'::regnamespace
    )`;

/** Objects that Postgres tracks as depending on ours. */
async function dependants(sql: postgres.TransactionSql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    with ${ours(sql)}
    select distinct coalesce(
      (
        select pg_describe_object('pg_class'::regclass, r.ev_class, 0)
        from pg_rewrite r
        where d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
      ),
      pg_describe_object(d.classid, d.objid, d.objsubid)
    ) as name
    from pg_depend d
    join ours o on o.classid = d.refclassid and o.objid = d.refobjid
    where d.deptype = 'n'
      and not exists (
        select from ours i where i.classid = d.classid and i.objid = d.objid
      )
      and not (d.classid = 'pg_default_acl'::regclass)
    order by 1`;
  return rows.map(({ name }) => name);
}

/** Functions whose text names ours, which Postgres does not track. */
async function callers(sql: postgres.TransactionSql): Promise<string[]> {
  const names = functions.filter((name) => name.startsWith("public."))
    .map((name) => name.slice("public.".length));
  const pattern = `\\m(active_interview_sessions|interview_session_history|${
    names.join("|")
  }|public\\.interviews|sessions\\.\\w+)\\M`;
  const rows = await sql<{ name: string }[]>`
    with ${ours(sql)}
    select pg_describe_object('pg_proc'::regclass, p.oid, 0) as name
    from pg_proc p
    where p.prosrc ~* ${pattern}
      and p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
      and not exists (
        select from ours i where i.classid = 'pg_proc'::regclass and i.objid = p.oid
      )
      and not exists (
        select from pg_depend d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
      )
    order by 1`;
  return rows.map(({ name }) => name);
}

/** What the app added to our tables; dropped with them. */
async function goingAlong(sql: postgres.TransactionSql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    with ${ours(sql)}
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
