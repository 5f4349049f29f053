// `npx interview-sessions install` and what `supabase db push` makes of it.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { definitions } from "../../../scripts/test/catalogue.ts";
import {
  plainly,
  withCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import {
  command,
  filesOf,
  inFolder,
  initProject,
  inNewProject,
  migrationsIn,
  push,
  pushed,
  succeeds,
} from "./support.ts";

const functionFolder = "supabase/functions/reap-stale-sessions";

Deno.test("C5 I4 in a fresh project: one migration, the function, its section; pushed, it is what the chapters make", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      const config = fs.readFileSync(
        join(folder, "supabase/config.toml"),
        "utf8",
      );

      const out = await succeeds(["install", "--yes", "--admin"], {
        cwd: folder,
      });

      assert.match(
        out,
        /write {3}supabase\/migrations\/\d{14}_install_interview_sessions_0_1_0\.sql \(with admin\)/,
      );
      assert.equal(migrationsIn(folder).length, 1);
      assert.deepEqual(
        fs.readdirSync(join(folder, functionFolder)).sort(),
        ["deno.json", "index.ts", "reap_all.ts"],
      );
      assert.equal(
        fs.readFileSync(join(folder, "supabase/config.toml"), "utf8"),
        `${config}
[functions.reap-stale-sessions]
verify_jwt = false
import_map = "./functions/reap-stale-sessions/deno.json"
`,
        "the rest of config.toml stays, comments included",
      );

      await pushed(folder, database);
      assert.match(await pushed(folder, database), /up to date/);
      assert.deepEqual(
        await database.connected(definitions),
        await withCopyOf("migrated", (other) => other.connected(definitions)),
      );
    })
  );
});

Deno.test("C5 I4 again there is nothing to do", async () => {
  await inNewProject(async (folder) => {
    await succeeds(["install", "--yes"], { cwd: folder });
    const before = filesOf(folder);

    const out = await succeeds(["install"], { cwd: folder });

    assert.match(out, /already in this project: nothing to do\.$/);
    assert.deepEqual(filesOf(folder), before);
  });
});
