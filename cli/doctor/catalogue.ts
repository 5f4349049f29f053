// What a database has of the component: every object with its definition, as
// `doctor` compares it with what the package's SQL makes.
import type postgres from "postgres";
import { hashOf } from "../package_files.ts";

/** The roles of the API. */
export const apiRoles = ["anon", "authenticated", "service_role"];

/** A kind of object. */
export type Kind =
  | "schema"
  | "table"
  | "sequence"
  | "type"
  | "column"
  | "constraint"
  | "index"
  | "trigger"
  | "policy"
  | "rule"
  | "function";

/** An object as its definition is, without its owner. */
export interface Definition {
  kind: Kind;
  /** The table or type that it is part of, with its schema. */
  on: string | null;
  /** With its schema, unless it is part of another object; a function with the types
   * of its arguments. */
  name: string;
  traits: Record<string, string>;
  /** The privileges of the API roles, however they come by them. */
  grants: Record<string, string[]>;
}

/** An object of a database. */
export interface CatalogueObject extends Definition {
  owner: string;
}

/** Which objects in `public`; all of those in `sessions` are described. */
export interface InPublic {
  /** Tables and composite types. */
  relations: string[];
  functions: string[];
}

/** Describes the objects; without `inPublic`, all that are in `public`. */
export async function catalogueOf(
  sql: postgres.TransactionSql,
  inPublic: InPublic | undefined,
): Promise<CatalogueObject[]> {
  const [before] = await sql<{ path: string }[]>`
    select current_setting('search_path') as path`;
  // makes every name print with its schema
  await sql`set local search_path = ''`;
  const rows = await sql.unsafe<CatalogueObject[]>(everything, [
    inPublic?.relations ?? null,
    inPublic?.functions ?? null,
  ]);
  await sql`select set_config('search_path', ${before?.path ?? ""}, true)`;
  return rows.map((row) => ({ ...row, traits: shortTraits(row) }))
    .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

/** The same order in every locale. */
function placeOf({ kind, on, name }: Definition): string {
  return [kind, on ?? "", name].join(" ");
}

/** A body as a hash, without what an editor may change in passing. */
function shortTraits({ traits }: Definition): Record<string, string> {
  const { body, ...others } = traits;
  if (body === undefined) return others;
  const text = body.replaceAll("\r\n", "\n").replace(/[ \t]+$/gm, "").trim();
  return { ...others, body: hashOf(text) };
}

/** The API roles' privileges on an object, as jsonb. */
function grants(test: string, object: string, privileges: string[]): string {
  const names = privileges.map((name) => `'${name}'`).join(", ");
  return `(
    select coalesce(jsonb_object_agg(r.rolname, g.privileges) filter (where g.privileges <> '{}'), '{}')
    from role r
    cross join lateral (
      select array(select x from unnest(array[${names}]) x where ${test}(r.oid, ${object}, x)) as privileges
    ) g
  )`;
}

const tablePrivileges = [
  ...["select", "insert", "update", "delete"],
  ...["truncate", "references", "trigger"],
];

/** $1: relations in public; $2: functions in public; null for all. */
const everything = `
  with
  role as (
    select r.oid, r.rolname from pg_catalog.pg_roles r
    where r.rolname in (${apiRoles.map((name) => `'${name}'`).join(", ")})
  ),
  relation as (
    select c.*, c.oid::regclass::text as name
    from pg_catalog.pg_class c
    where c.relnamespace = to_regnamespace('sessions')
      or c.relnamespace = 'public'::regnamespace
        and ($1::text[] is null or c.relname = any ($1))
  ),
  -- a sequence of an identity column is part of its table
  identity as (
    select d.objid, d.refobjid
    from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::regclass
      and d.refclassid = 'pg_catalog.pg_class'::regclass
      and d.deptype = 'i' and d.refobjsubid > 0
  )
  select
    'schema' as kind, null as "on", n.nspname::text as name,
    n.nspowner::regrole::text as owner,
    '{}'::jsonb as traits,
    ${grants("has_schema_privilege", "n.oid", ["usage", "create"])} as grants
  from pg_catalog.pg_namespace n
  where n.nspname = 'sessions'
  union all
  select
    case c.relkind when 'S' then 'sequence' when 'c' then 'type' else 'table' end,
    (select i.refobjid::regclass::text from identity i where i.objid = c.oid),
    c.name,
    c.relowner::regrole::text,
    case c.relkind
      when 'S' then jsonb_build_object(
        'type', q.seqtypid::regtype::text, 'increment', q.seqincrement::text,
        'minvalue', q.seqmin::text, 'maxvalue', q.seqmax::text,
        'cache', q.seqcache::text, 'cycle', q.seqcycle::text
      )
      when 'c' then '{}'
      else jsonb_build_object(
        'kind', c.relkind::text, 'persistence', c.relpersistence::text,
        'row level security', c.relrowsecurity::text,
        'forced', c.relforcerowsecurity::text
      )
    end,
    case c.relkind
      when 'S' then ${
  grants("has_sequence_privilege", "c.oid", ["usage", "select", "update"])
}
      when 'c' then ${grants("has_type_privilege", "c.reltype", ["usage"])}
      else ${grants("has_table_privilege", "c.oid", tablePrivileges)}
    end
  from relation c
  left join pg_catalog.pg_sequence q on q.seqrelid = c.oid
  where c.relkind in ('r', 'p', 'f', 'v', 'm', 'c', 'S')
  union all
  select
    'column', c.name, a.attname::text, c.relowner::regrole::text,
    jsonb_strip_nulls(jsonb_build_object(
      'type', format_type(a.atttypid, a.atttypmod),
      'not null', a.attnotnull::text,
      'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
      'generated', case when a.attgenerated <> '' then a.attgenerated::text || ' ' || pg_get_expr(d.adbin, d.adrelid) end,
      'identity', nullif(a.attidentity::text, '')
    )),
    (
      select coalesce(jsonb_object_agg(g.role, g.privileges), '{}')
      from (
        select
          coalesce(r.rolname, 'public') as role,
          array_agg(lower(x.privilege_type) order by x.privilege_type) as privileges
        from aclexplode(a.attacl) x
        left join role r on r.oid = x.grantee
        where r.oid is not null or x.grantee = 0
        group by 1
      ) g
    )
  from relation c
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where c.relkind in ('r', 'p', 'c')
  union all
  select
    'constraint', r.name, c.conname::text, r.relowner::regrole::text,
    jsonb_build_object(
      'definition', regexp_replace(pg_get_constraintdef(c.oid), ' NOT VALID$', ''),
      'valid', c.convalidated::text
    ),
    '{}'
  from pg_catalog.pg_constraint c
  join relation r on r.oid = c.conrelid
  -- Postgres 18 has not null as constraints, too; they are traits of columns
  where c.contype in ('c', 'f', 'p', 'u', 'x')
  union all
  select
    'index', r.name, i.indexrelid::regclass::text, r.relowner::regrole::text,
    jsonb_build_object('definition', pg_get_indexdef(i.indexrelid), 'valid', i.indisvalid::text),
    '{}'
  from pg_catalog.pg_index i
  join relation r on r.oid = i.indrelid
  where not exists (select from pg_catalog.pg_constraint c where c.conindid = i.indexrelid and c.conrelid = r.oid)
  union all
  select
    'trigger', r.name, t.tgname::text, r.relowner::regrole::text,
    jsonb_build_object(
      'definition', pg_get_triggerdef(t.oid),
      -- switched by the endpoints: see chapters.ts
      'enabled', case t.tgname when 'record_deliveries' then 'by endpoints' else t.tgenabled::text end
    ),
    '{}'
  from pg_catalog.pg_trigger t
  join relation r on r.oid = t.tgrelid
  where not t.tgisinternal
  union all
  select
    'policy', r.name, p.polname::text, r.relowner::regrole::text,
    jsonb_strip_nulls(jsonb_build_object(
      'command', p.polcmd::text,
      'permissive', p.polpermissive::text,
      'roles', (
        select string_agg(coalesce(o.rolname, 'public'), ', ' order by o.rolname)
        from unnest(p.polroles) g (oid)
        left join pg_catalog.pg_roles o on o.oid = g.oid
      ),
      'using', pg_get_expr(p.polqual, p.polrelid),
      'check', pg_get_expr(p.polwithcheck, p.polrelid)
    )),
    '{}'
  from pg_catalog.pg_policy p
  join relation r on r.oid = p.polrelid
  union all
  select
    'rule', r.name, w.rulename::text, r.relowner::regrole::text,
    jsonb_build_object('definition', pg_get_ruledef(w.oid), 'instead', w.is_instead::text, 'enabled', w.ev_enabled::text),
    '{}'
  from pg_catalog.pg_rewrite w
  join relation r on r.oid = w.ev_class and r.relkind in ('r', 'p')
  union all
  select
    'function', null, p.oid::regprocedure::text, p.proowner::regrole::text,
    jsonb_build_object(
      'arguments', pg_get_function_arguments(p.oid),
      'result', coalesce(pg_get_function_result(p.oid), ''),
      'kind', p.prokind::text,
      'language', (select l.lanname from pg_catalog.pg_language l where l.oid = p.prolang),
      'body', coalesce(pg_get_function_sqlbody(p.oid), p.prosrc),
      'security', case when p.prosecdef then 'definer' else 'invoker' end,
      'volatility', p.provolatile::text,
      'strict', p.proisstrict::text,
      'leakproof', p.proleakproof::text,
      'parallel', p.proparallel::text,
      'settings', (
        select coalesce(string_agg(replace(s, '"', ''), ' ' order by s), '')
        from unnest(p.proconfig) s
      )
    ),
    ${grants("has_function_privilege", "p.oid", ["execute"])}
  from pg_catalog.pg_proc p
  where p.pronamespace = to_regnamespace('sessions')
    or p.pronamespace = 'public'::regnamespace
      and ($2::text[] is null or p.proname = any ($2))`;
