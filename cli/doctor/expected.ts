// What the package's SQL makes, read from its text: to compare a database with it.
import { chapters, optionalChapters } from "../package_files.ts";

/** A function as the SQL makes it. */
export interface ExpectedFunction {
  /** With its schema. */
  name: string;
  chapter: string;
  body: string;
  securityDefiner: boolean;
  /** As in pg_proc: v, s or i. */
  volatility: string;
  /** As in pg_proc.proconfig. */
  config: string[];
  /** The API roles that may execute it. */
  grantees: string[];
}

/** Everything that the SQL makes and `doctor` looks at. */
export interface Expected {
  functions: ExpectedFunction[];
  /** `schema.table.column` of every column that has a comment: all of them. */
  columns: string[];
  /** `table.constraint`. */
  constraints: string[];
  /** `table: policy`. */
  policies: string[];
  /** `table: trigger`. */
  triggers: string[];
  /** The API roles that may read a table. */
  readers: Map<string, string[]>;
}

/** What the chapters make, the optional ones included. */
export function expected(): Expected {
  const all = chapters(optionalChapters);
  const sql = all.map(({ sql }) => sql).join("\n");
  const grants = [...sql.matchAll(
    /^grant execute on function ([\w.]+)\([^;]*?\)\s+to ([^;]+);/gm,
  )];
  return {
    functions: all.flatMap(({ name, sql }) =>
      functionsIn(sql).map((made) => ({
        ...made,
        chapter: name,
        grantees: grants.filter(([, granted]) => granted === made.name)
          .flatMap(([, , roles = ""]) => roles.split(/,\s*/)),
      }))
    ),
    columns: [...sql.matchAll(/^comment on column ([\w.]+) is/gm)]
      .map(([, name = ""]) => name),
    constraints: [...sql.matchAll(
      /^create table if not exists ([\w.]+) \(\n([\s\S]*?)\n\)/gm,
    )].flatMap(([, table = "", body = ""]) =>
      [...body.matchAll(/^ {2}constraint (\w+)/gm)]
        .map(([, name]) => `${table}.${name}`)
    ),
    policies: [...sql.matchAll(/^create policy "([^"]+)"\s+on ([\w.]+)/gm)]
      .map(([, name, table]) => `${table}: ${name}`),
    triggers: [...sql.matchAll(
      /^create or replace trigger (\w+)\s[^;]*?\son ([\w.]+)/gm,
    )].map(([, name, table]) => `${table}: ${name}`),
    readers: new Map(
      [...sql.matchAll(/^grant select on table ([\w.]+) to ([^;]+);/gm)]
        .map(([, table = "", roles = ""]) => [table, roles.split(/,\s*/)]),
    ),
  };
}

function functionsIn(
  sql: string,
): Omit<ExpectedFunction, "chapter" | "grantees">[] {
  return [...sql.matchAll(
    /^create or replace function ([\w.]+)\(([\s\S]*?)\nas \$\$([\s\S]*?)\$\$;/gm,
  )].map(([, name = "", head = "", body = ""]) => ({
    name,
    body: normalised(body),
    securityDefiner: /^security definer$/m.test(head),
    volatility: /^immutable$/m.test(head)
      ? "i"
      : /^stable$/m.test(head)
      ? "s"
      : "v",
    config: [...head.matchAll(/^set (\w+) = (.+)$/gm)]
      .map(([, setting, value = ""]) =>
        `${setting}=${value.replaceAll("'", "")}`
      ).sort(),
  }));
}

/** A body without what an editor may change in passing. */
export function normalised(body: string): string {
  return body.replaceAll("\r\n", "\n").replace(/[ \t]+$/gm, "").trim();
}
