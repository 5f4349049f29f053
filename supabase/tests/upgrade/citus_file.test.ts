// supabase/scale/citus.sql changes places in the functions of the migrations, and fails
// where Citus is found and one of them is gone. This finds it out without Citus.
import assert from "node:assert/strict";
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { textOf } from "../../../scripts/test/files.ts";

Deno.test("C6 the functions of this version have every place that the file for Citus changes", async () => {
  const places =
    /\n {4}from (\(values\n[\s\S]*?\n {4}\) c \(signature, old, new\))/
      .exec(textOf("supabase/scale/citus.sql"))?.[1];
  assert(places, "the file has no list of places");
  await withCopyOf("migrated", (database) =>
    database.connected(async (sql) => {
      const found = await sql.unsafe<
        { signature: string; old: string; is_there: boolean }[]
      >(`
        select
          c.signature, c.old,
          coalesce(
            strpos(pg_get_functiondef(to_regprocedure(c.signature)), c.old) > 0,
            false
          ) as is_there
        from ${places}`);
      assert(found.length > 20);
      assert.deepEqual(found.filter(({ is_there }) => !is_there), []);
    }));
});
