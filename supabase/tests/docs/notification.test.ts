// The code of docs/notification.md; the client's part is type-checked in
// supabase/tests/package/consumers.test.ts, and tested in supabase/tests/realtime.
import assert from "node:assert/strict";
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";

const recipe = recipesOf("docs/notification.md");

Deno.test("C4 without Realtime the statement of the policy says so", async () => {
  await withCopyOf("migrated", async (database) => {
    const [row] = await database.connected((sql) =>
      sql.unsafe(recipe("allow.sql"))
    );
    assert.deepEqual({ ...row }, { allow_notification: false });
  });
});

Deno.test("C4 the command is that of the chapter", () => {
  assert.equal(
    recipe("install.sh"),
    "npx interview-sessions install --notification\n",
  );
});
