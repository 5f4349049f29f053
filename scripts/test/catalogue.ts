// Describes the objects of a database, to compare two databases, or one before
// and after a change.
import type postgres from "postgres";

/** An object of a database. */
export interface CatalogueEntry {
  /** Table, column, function … */
  kind: string;
  /** Its name, with the schema and the table that it belongs to. */
  name: string;
  /** Its complete definition, including the owner. */
  definition: string | null;
  /** Its privileges; null for Postgres' default. */
  acl: string | null;
  /** Its comment. */
  comment: string | null;
}

/** Every object that does not come with Postgres, in all schemas. */
export async function catalogue(sql: postgres.Sql): Promise<CatalogueEntry[]> {
  return await entries(
    sql,
    "not nspname ^@ 'pg_' and nspname <> 'information_schema'",
  );
}

/** The objects that the migrations can create: those in `public` and `sessions`. */
export async function definitions(
  sql: postgres.Sql,
): Promise<CatalogueEntry[]> {
  return await entries(sql, "nspname in ('public', 'sessions')");
}

/**
 * How many rows each system catalogue has: without their contents, but without
 * gaps. Needs a superuser.
 */
export async function catalogueSizes(
  sql: postgres.Sql,
): Promise<Record<string, string>> {
  // without statistics; of the shared catalogues only this database's rows
  const tables = await sql<{ name: string }[]>`
    select c.relname as name
    from pg_class c
    where c.relnamespace = 'pg_catalog'::regnamespace
      and c.relkind = 'r'
      and not c.relisshared
      and c.relname not in ('pg_statistic', 'pg_statistic_ext_data')
    order by c.relname`;
  const sizes: Record<string, string> = {};
  for (const { name } of tables) {
    const [{ count }] = await sql`
      select count(*) from ${sql(`pg_catalog.${name}`)}`;
    sizes[name] = count;
  }
  const [{ count }] = await sql`
    select count(*)
    from pg_shdepend s
    join pg_database d on d.oid = s.dbid
    where d.datname = current_database()`;
  sizes.pg_shdepend = count;
  return sizes;
}

async function entries(
  sql: postgres.Sql,
  schemas: string,
): Promise<CatalogueEntry[]> {
  return await sql.begin(async (transaction) => {
    // makes every name print with its schema
    await transaction`set local search_path = ''`;
    return [...await transaction.unsafe<CatalogueEntry[]>(everything(schemas))];
  });
}

/** `schemas` is a condition on pg_namespace. */
function everything(schemas: string): string {
  return `
    with
    schema as (
      select n.*, obj_description(n.oid, 'pg_namespace') as comment
      from pg_namespace n
      where ${schemas}
    ),
    relation as (
      select c.*
      from pg_class c
      join schema s on s.oid = c.relnamespace
    )
    select
      'schema' as kind, s.nspname as name,
      s.nspowner::regrole::text as definition, s.nspacl::text as acl, s.comment
    from schema s
    union all
    select
      'relation', c.oid::regclass::text,
      concat_ws(
        ' ', c.relkind, c.relpersistence, c.relowner::regrole,
        c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
        c.reloptions::text,
        case c.relkind
          when 'v' then pg_get_viewdef(c.oid)
          when 'i' then pg_get_indexdef(c.oid)
        end,
        q.seqtypid::regtype, q.seqstart, q.seqincrement, q.seqmin, q.seqmax,
        q.seqcache, q.seqcycle
      ),
      c.relacl::text, obj_description(c.oid, 'pg_class')
    from relation c
    left join pg_sequence q on q.seqrelid = c.oid
    union all
    select
      'column', concat_ws('.', c.oid::regclass::text, a.attname),
      concat_ws(
        ' ', a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        a.attidentity, a.attgenerated, a.attstorage, a.attoptions::text,
        pg_get_expr(d.adbin, d.adrelid)
      ),
      a.attacl::text, col_description(a.attrelid, a.attnum)
    from pg_attribute a
    join relation c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped
    union all
    select
      'constraint',
      concat_ws('.', c.conrelid::regclass::text, c.contypid::regtype::text, c.conname),
      concat_ws(' ', c.contype, c.convalidated, pg_get_constraintdef(c.oid)),
      null, obj_description(c.oid, 'pg_constraint')
    from pg_constraint c
    join schema s on s.oid = c.connamespace
    union all
    select
      'trigger', concat_ws('.', t.tgrelid::regclass::text, t.tgname),
      concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid)),
      null, obj_description(t.oid, 'pg_trigger')
    from pg_trigger t
    join relation c on c.oid = t.tgrelid
    where not t.tgisinternal
    union all
    select
      'rule', concat_ws('.', r.ev_class::regclass::text, r.rulename),
      pg_get_ruledef(r.oid), null, obj_description(r.oid, 'pg_rewrite')
    from pg_rewrite r
    join relation c on c.oid = r.ev_class
    union all
    select
      'policy', concat_ws('.', p.polrelid::regclass::text, p.polname),
      concat_ws(
        ' ', p.polcmd, p.polpermissive,
        case when p.polroles = '{0}' then 'public' else p.polroles::regrole[]::text end,
        pg_get_expr(p.polqual, p.polrelid),
        pg_get_expr(p.polwithcheck, p.polrelid)
      ),
      null, obj_description(p.oid, 'pg_policy')
    from pg_policy p
    join relation c on c.oid = p.polrelid
    union all
    select
      'function', p.oid::regprocedure::text,
      concat_ws(
        ' ', p.prokind, p.proowner::regrole,
        case when p.prokind = 'a' then p.prosrc else pg_get_functiondef(p.oid) end
      ),
      p.proacl::text, obj_description(p.oid, 'pg_proc')
    from pg_proc p
    join schema s on s.oid = p.pronamespace
    union all
    select
      'type', t.oid::regtype::text,
      concat_ws(
        ' ', t.typtype, t.typowner::regrole,
        (select array_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)
      ),
      t.typacl::text, obj_description(t.oid, 'pg_type')
    from pg_type t
    join schema s on s.oid = t.typnamespace
    union all
    select
      'default privileges',
      concat_ws(' ', d.defaclrole::regrole, d.defaclobjtype, s.nspname),
      null, d.defaclacl::text, null
    from pg_default_acl d
    left join schema s on s.oid = d.defaclnamespace
    union all
    select
      'extension', e.extname,
      concat_ws(' ', e.extversion, e.extnamespace::regnamespace, e.extowner::regrole),
      null, obj_description(e.oid, 'pg_extension')
    from pg_extension e
    union all
    select
      'event trigger', e.evtname,
      concat_ws(' ', e.evtevent, e.evtenabled, e.evtowner::regrole, e.evtfoid::regprocedure),
      null, obj_description(e.oid, 'pg_event_trigger')
    from pg_event_trigger e
    union all
    select
      'publication', p.pubname,
      concat_ws(
        ' ', p.pubowner::regrole, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
        (
          select array_agg(r.prrelid::regclass::text order by r.prrelid::regclass::text)
          from pg_publication_rel r
          where r.prpubid = p.oid
        ),
        (
          select array_agg(n.pnnspid::regnamespace::text order by n.pnnspid::regnamespace::text)
          from pg_publication_namespace n
          where n.pnpubid = p.oid
        )
      ),
      null, obj_description(p.oid, 'pg_publication')
    from pg_publication p
    union all
    select
      'database', 'this one', d.datdba::regrole::text, d.datacl::text, shobj_description(d.oid, 'pg_database')
    from pg_database d
    where d.datname = current_database()
    union all
    select
      'settings', case r.setrole when 0 then 'everybody' else r.setrole::regrole::text end || case r.setdatabase when 0 then '' else ' here' end,
      r.setconfig::text, null, null
    from pg_db_role_setting r
    left join pg_database d on d.oid = r.setdatabase
    where r.setdatabase = 0 or d.datname = current_database()
    order by 1, 2, 3`;
}
