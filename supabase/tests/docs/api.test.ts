// Is docs/api.md what `npm run docs:api` writes?
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { apiPage, apiPagePath } from "../../../scripts/docs/api_page.ts";
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";

Deno.test('docs/api.md is up to date (if not: "npm run docs:api")', async () => {
  const page = await withCopyOf(
    "migrated",
    (database) => database.connected(apiPage),
  );

  assert.equal(fs.readFileSync(apiPagePath, "utf8"), page);
});

Deno.test("docs/api.md has every function of the API and every column", async () => {
  const page = fs.readFileSync(apiPagePath, "utf8");
  const names = await withCopyOf(
    "migrated",
    (database) =>
      database.connected((sql) =>
        sql<{ name: string }[]>`
        select p.proname as name
        from pg_proc p
        where p.pronamespace = 'sessions'::regnamespace and p.prosecdef
        union
        select a.attname
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid
        where a.attnum > 0 and c.relkind = 'r' and c.relnamespace = 'sessions'::regnamespace`
      ),
  );

  const missing = names.map(({ name }) => name)
    .filter((name) =>
      !page.includes(`\n### ${name}\n`) && !page.includes(`| \`${name}\` `)
    );
  assert.deepEqual(missing, []);
  assert(names.length > 30);
});
