// `npx interview-sessions types`: what is printed says what the database has, and
// merges into an app's own types.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { deno } from "../../../scripts/test/deno_command.ts";
import { inFolder, repositoryRoot, succeeds } from "./support.ts";

interface Argument {
  name: string;
  optional: boolean;
}

/** The tables, and the functions with their arguments, as the API has them. */
async function api() {
  return await withCopyOf(
    "migrated",
    (database) =>
      database.connected(async (sql) => ({
        tables: await sql<
          { name: string; columns: string[]; nullable: string[] }[]
        >`
        select
          c.relname as name,
          array_agg(a.attname::text order by a.attnum) as columns,
          coalesce(array_agg(a.attname::text order by a.attnum) filter (where not a.attnotnull), '{}') as nullable
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
        group by c.relname`,
        functions: await sql<
          { name: string; args: Argument[]; isSet: boolean }[]
        >`
        select
          p.proname as name, p.proretset as "isSet",
          coalesce(
            (
              select jsonb_agg(jsonb_build_object('name', p.proargnames[i], 'optional', i > p.pronargs - p.pronargdefaults) order by i)
              from generate_series(1, p.pronargs) i
            ),
            '[]'
          ) as args
        from pg_proc p
        where p.pronamespace = 'public'::regnamespace`,
      })),
  );
}

const union = (names: string[]) =>
  names.map((name) => `"${name}"`).join(" | ") || "never";

Deno.test("C5 the types are those of the database, and merge into an app's own", async () => {
  const { tables, functions } = await api();
  await inFolder(async (folder) => {
    for (const name of ["package.json", "deno.json"]) {
      fs.copyFileSync(join(repositoryRoot, name), join(folder, name));
    }
    fs.symlinkSync(
      join(repositoryRoot, "node_modules"),
      join(folder, "node_modules"),
    );
    fs.writeFileSync(join(folder, "ours.ts"), await succeeds(["types"]));
    fs.writeFileSync(
      join(folder, "check.ts"),
      `import { createClient } from "@supabase/supabase-js";
      import type { InterviewSessionFunctions, InterviewSessionTables, WithInterviewSessions } from "./ours.ts";
      type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
      type OptionalKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T];
      type NullableKeys<T> = { [K in keyof T]-?: null extends T[K] ? K : never }[keyof T];
      const same = <A, B>(..._: Same<A, B> extends true ? [] : [never]) => {};

      same<keyof InterviewSessionTables, ${
        union(tables.map(({ name }) => name))
      }>();
      same<keyof InterviewSessionFunctions, ${
        union(functions.map(({ name }) => name))
      }>();
      ${
        tables.map(({ name, columns, nullable }) => `
      same<keyof InterviewSessionTables["${name}"]["Row"], ${union(columns)}>();
      same<NullableKeys<InterviewSessionTables["${name}"]["Row"]>, ${
          union(nullable)
        }>();`)
          .join("")
      }
      ${
        functions.map(({ name, args, isSet }) => `
      same<keyof InterviewSessionFunctions["${name}"]["Args"], ${
          union(args.map(({ name }) => name))
        }>();
      same<OptionalKeys<InterviewSessionFunctions["${name}"]["Args"]>, ${
          union(args.filter(({ optional }) => optional).map(({ name }) => name))
        }>();
      same<InterviewSessionFunctions["${name}"]["Returns"] extends unknown[] ? true : false, ${isSet}>();`)
          .join("")
      }

      type App = {
        public: {
          Tables: {
            profiles: { Row: { id: string }; Insert: { id: string }; Update: { id?: string }; Relationships: [] };
            interviews: { Row: { user_id: string }; Insert: { user_id: string }; Update: { user_id?: string }; Relationships: [] };
          };
          Views: Record<never, never>;
          Functions: { hello: { Args: { name: string }; Returns: string } };
          Enums: Record<never, never>;
        };
      };
      const client = createClient<WithInterviewSessions<App>>("http://127.0.0.1:1", "key");
      export async function use() {
        const { data } = await client.rpc("start_session", { session_id: "a" });
        same<NonNullable<typeof data>["status"], "active" | "completing">();
        const { data: hello } = await client.rpc("hello", { name: "a" });
        same<NonNullable<typeof hello>, string>();
        const { data: rows } = await client.from("profiles").select("id");
        same<NonNullable<typeof rows>[number]["id"], string>();
        const { data: ours } = await client.from("interviews").select("deadline_at");
        same<NonNullable<typeof ours>[number]["deadline_at"], string>();
        // @ts-expect-error: the argument is missing
        await client.rpc("start_session", {});
      }
      `,
    );

    const { code, said } = await deno(
      ["check", "--no-lock", "--node-modules-dir=manual", "--config"]
        .concat([join(folder, "deno.json"), join(folder, "check.ts")]),
      { signal: new AbortController().signal },
    );

    assert.equal(code, 0, said);
  });
});
