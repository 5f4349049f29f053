// The row types of the npm package are those of the database.
import assert from "node:assert/strict";
import { projectOfThisFile } from "../../../scripts/test/api_fixture.ts";
import { textOf } from "../../../scripts/test/files.ts";

const project = projectOfThisFile();
const source = textOf("client/rows.ts");

interface Column {
  name: string;
  type: "number" | "string" | "object";
  isNullable: boolean;
}

/** The properties of a row in client/rows.ts. */
function propertiesOf(name: string): Column[] {
  const body = new RegExp(`export type ${name} = {\n([^]*?)\n};`)
    .exec(source)?.[1];
  assert(body, `client/rows.ts has no ${name}`);
  return [...body.matchAll(/^ {2}(\w+): (.+);$/gm)].map(([, name, type]) => ({
    name,
    type: /\bnumber\b(?!>)/.test(type)
      ? "number"
      : type.startsWith("Partial<")
      ? "object"
      : "string",
    isNullable: type.endsWith(" | null"),
  }));
}

/** The columns of a table or a composite type; the API sends numbers as such. */
function columnsOf(name: string) {
  return project.sql<Column[]>`
    select
      attname as name,
      case
        when atttypid in ('int4'::regtype, 'int8'::regtype) then 'number'
        when atttypid = 'jsonb'::regtype then 'object'
        else 'string'
      end as type,
      not attnotnull as "isNullable"
    from pg_catalog.pg_attribute
    where attrelid = ${`public.${name}`}::regclass
      and attnum > 0
      and not attisdropped
    order by attnum`;
}

const tables = {
  ActiveInterviewSession: "active_interview_sessions",
  InterviewSessionHistory: "interview_session_history",
  Interview: "interviews",
};

for (const [type, table] of Object.entries(tables)) {
  Deno.test(`${type} has the columns of ${table}`, async () => {
    assert.deepEqual(propertiesOf(type), [...await columnsOf(table)]);
  });
}

Deno.test("SessionHealth has the columns of session_health(); status and reason are always set", async () => {
  const columns = await columnsOf("interview_session_health");

  assert.deepEqual(
    propertiesOf("SessionHealth"),
    columns.map((column) => ({
      ...column,
      isNullable: !["status", "reason"].includes(column.name),
    })),
  );
});

Deno.test("EndReason has the end reasons of the database", async () => {
  const body = /export type EndReason =([^;]+);/.exec(source)?.[1] ?? "";
  const reasons = [...body.matchAll(/"(\w+)"/g)].map(([, reason]) => reason);

  const known = await project.superuser<{ reason: string }[]>`
    select reason from unnest(${reasons}::text[]) reason
    where sessions.end_reason_message(reason) is not null`;

  assert(reasons.length > 0);
  assert.deepEqual(known.map(({ reason }) => reason), reasons);
});
