// The text of docs/api.md, from the catalogue of a database: signatures, grants and
// comments of the functions in `public`, and the tables with their columns.
import { join } from "node:path";
import type postgres from "postgres";
import { repositoryRoot } from "../stack/paths.ts";

/** Where the page is kept. */
export const apiPagePath = join(repositoryRoot, "docs", "api.md");

/** Who may call a function, in the order of the page. */
const audiences = [
  {
    title: "For signed-in users",
    who: "Called with a user's token (role `authenticated`).",
    has: ({ name, grantees }: ApiFunction) =>
      grantees.includes("authenticated") && !name.startsWith("admin_"),
  },
  {
    title: "For backends and operators",
    who: "Called with a secret key (role `service_role`), or as `postgres`.",
    has: ({ grantees }: ApiFunction) => grantees.includes("service_role"),
  },
  {
    title: "For administrators",
    who: "Called with the token of a user who has `session_admin` in " +
      "`app_metadata` " +
      "([how to make one](operating.md#an-admin-page)). This chapter is " +
      "installed with `--admin`.",
    has: ({ name }: ApiFunction) => name.startsWith("admin_"),
  },
];

/** Tables that users and backends may read; the type is the row of the health. */
const readable: Record<string, string> = {
  active_interview_sessions:
    "Users read their own live row, `service_role` all rows.",
  interview_session_history:
    "Users read their own rows, `service_role` all rows.",
  interviews: "Users read their own rows, `service_role` all rows.",
};

interface ApiFunction {
  name: string;
  arguments: string[];
  result: string;
  isStable: boolean;
  comment: string;
  grantees: string[];
}

interface Relation {
  schema: string;
  name: string;
  comment: string;
  columns: {
    name: string;
    type: string;
    value: string | null;
    isNullable: boolean;
    comment: string | null;
  }[];
}

/** The page, formatted. */
export async function apiPage(sql: postgres.Sql): Promise<string> {
  const [functions, relations, reasons] = [
    await functionsIn(sql),
    await relationsIn(sql),
    await endReasonsIn(sql),
  ];
  const health = relations.find(({ name }) =>
    name === "interview_session_health"
  )!;
  const sections = [
    "# API reference",
    "<!-- Written by `npm run docs:api` from the comments in supabase/migrations. -->",
    "Call the functions by RPC from any Supabase SDK, for example " +
    '`supabase.rpc("start_session", { session_id })`, or from SQL. Rows may ' +
    "get more columns in a minor version: ignore columns that you do not know. " +
    "`anon` may call none of the functions.",
    ...audiences.flatMap((audience) => [
      `## ${audience.title}`,
      audience.who,
      ...functions.filter(audience.has).map(sectionOf),
    ]),
    "## Tables",
    "Only the functions write them.",
    ...relations.filter(({ name }) => name in readable).flatMap((relation) => [
      `### ${relation.name}`,
      `${withCode(relation.comment)} ${readable[relation.name]}`,
      columnsOf(relation),
    ]),
    "### interview_session_health",
    "The row that `session_health()` and `admin_session_health()` return.",
    columnsOf(health),
    "## Tables for operators",
    "In the schema `sessions`, which the API does not expose; only `postgres` " +
    "reads and writes them.",
    ...relations.filter(({ schema }) => schema === "sessions")
      .flatMap((relation) => [
        `### sessions.${relation.name}`,
        withCode(relation.comment),
        columnsOf(relation),
      ]),
    "## Refusals",
    refusals,
    "### End reasons",
    "The values of `end_reason`, and the `message` of the refusal with " +
    "`PT410` that follows.",
    table(
      ["end_reason", "message"],
      Object.entries(reasons).map((
        [name, message],
      ) => [`\`${name}\``, message]),
    ),
  ];
  return await formatted(sections.join("\n\n"));
}

const refusals = `
| HTTP | \`code\` | meaning | \`details\` (JSON) |
| --- | --- | --- | --- |
| 401 | \`PT401\` | nobody is signed in | |
| 409 | \`PT409\` | another session is live | \`session_id\`, \`device\`, \`status\`, \`created_at\`, \`updated_at\`, \`expires_in\` (seconds) |
| 410 | \`PT410\` | this session or interview is over | \`session_id\`; \`end_reason\` and \`ended_at\`, both null for an id that was never known; \`interview_id\` if no session of it can start again |
| 400 | \`22023\` | an argument is invalid | \`argument\` |
| 403 | \`42501\` | the caller may not do this | |

\`message\` can be shown to the user, \`hint\` says what to do. In SQL they are the
SQLSTATE, MESSAGE, DETAIL and HINT of the error. A call waits for each lock for a
second or two at most, less than 8 seconds in all, and then fails with \`55P03\`.
Retry that, and \`40001\` and \`40P01\`: nothing was changed. All messages:
[troubleshooting](troubleshooting.md#refusals).`.trim();

function sectionOf(f: ApiFunction): string {
  const head = f.arguments.length > 1
    ? `${f.name}(\n${f.arguments.map((a) => `  ${a}`).join(",\n")}\n)`
    : `${f.name}(${f.arguments.join("")})`;
  return [
    `### ${f.name}`,
    "```sql\n" + `${head}\nreturns ${resultOf(f)}` + "\n```",
    withCode(f.comment) + (f.isStable ? " Reads only." : ""),
  ].join("\n\n");
}

/** A comment with names, codes and calls as code. */
function withCode(comment: string): string {
  return comment.replaceAll(
    /\b(?:[a-z]+(?:[._][a-z_]+)+(?:\(\))?|PT\d{3})(?![\w(])/g,
    "`$&`",
  );
}

/** The columns of a table, one a line. */
function resultOf({ result }: ApiFunction): string {
  const columns = /^table\((.*)\)$/.exec(result)?.[1];
  if (columns === undefined) return result;
  return `table (\n${columns.split(", ").map((c) => `  ${c}`).join(",\n")}\n)`;
}

function columnsOf({ columns }: Relation): string {
  const isTable = columns.some(({ comment }) => comment !== null);
  const hasDefaults = columns.some(({ value }) => value !== null);
  return table(
    ["column", "type", ...(isTable ? ["meaning"] : [])],
    columns.map(({ name, type, value, isNullable, comment }) => [
      `\`${name}\``,
      type + (isTable && isNullable ? ", may be null" : "") +
      (hasDefaults && value !== null ? `, default \`${value}\`` : ""),
      ...(isTable ? [withCode(comment ?? "")] : []),
    ]),
  );
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => "---"), ...rows]
    .map((cells) =>
      `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`
    )
    .join("\n");
}

/** The functions of the API, in the order in which the migrations make them. */
async function functionsIn(sql: postgres.Sql): Promise<ApiFunction[]> {
  return await sql<ApiFunction[]>`
    select
      p.proname as name,
      array(
        select
          a.name || ' ' || format_type(a.type, null)
          || coalesce(' default ' || replace(regexp_replace(pg_get_function_arg_default(p.oid, a.n::integer), '::[a-z ]+$', ''), 'NULL', 'null'), '')
        from unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes)
          with ordinality a (name, type, mode, n)
        where a.mode is null or a.mode = 'i'
        order by a.n
      ) as arguments,
      lower(pg_get_function_result(p.oid)) as result,
      p.provolatile = 's' as "isStable",
      obj_description(p.oid, 'pg_proc') as comment,
      array(
        select r.rolname::text
        from aclexplode(p.proacl) g
        join pg_roles r on r.oid = g.grantee
        where r.oid <> p.proowner
      ) as grantees
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace
      and exists (
        select from pg_proc s where s.pronamespace = 'sessions'::regnamespace and s.proname = p.proname
      )
    order by p.oid`;
}

async function relationsIn(sql: postgres.Sql): Promise<Relation[]> {
  return await sql<Relation[]>`
    select
      n.nspname as schema,
      c.relname as name,
      coalesce(obj_description(c.oid, 'pg_class'), '') as comment,
      (
        select json_agg(
          json_build_object(
            'name', a.attname,
            'type', format_type(a.atttypid, a.atttypmod),
            'value', case
              when a.attgenerated = '' and n.nspname = 'sessions' and a.attname <> 'is_the_row'
                then regexp_replace(pg_get_expr(d.adbin, d.adrelid), '::[a-z ]+$', '')
            end,
            'isNullable', not a.attnotnull,
            'comment', col_description(c.oid, a.attnum)
          )
          order by a.attnum
        )
        from pg_attribute a
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      ) as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'sessions' and c.relkind = 'r'
      or n.nspname = 'public' and c.relname = any (${[
    ...Object.keys(readable),
    "interview_session_health",
  ]})
    order by c.oid`;
}

/** The end reasons with their messages, which are written down in a function. */
async function endReasonsIn(
  sql: postgres.Sql,
): Promise<Record<string, string>> {
  const [{ body }] = await sql<{ body: string }[]>`
    select prosrc as body from pg_proc
    where oid = 'sessions.end_reason_message(text)'::regprocedure`;
  return JSON.parse(/'(\{[^']*\})'/.exec(body)![1]);
}

/** As `deno fmt` would have it. */
async function formatted(markdown: string): Promise<string> {
  const deno = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = deno.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${markdown}\n`));
  await writer.close();
  const { success, stdout } = await deno.output();
  if (!success) throw new Error("deno fmt refuses the page.");
  return new TextDecoder().decode(stdout);
}
