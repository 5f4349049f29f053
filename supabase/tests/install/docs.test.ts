// The commands of docs/install.md and docs/upgrade.md, run as they stand there.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { runCommand } from "../../../scripts/test/command.ts";
import {
  type LastingDatabase,
  makeCopyOf,
  withCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import { recipesOf, shellLinesOf } from "../../../scripts/test/recipes.ts";
import { withNpx } from "../schedule/support.ts";
import {
  hasPsql,
  inFolder,
  inNewProject,
  migrationsIn,
  pushed,
} from "./support.ts";

const install = recipesOf("docs/install.md");
const upgrade = recipesOf("docs/upgrade.md");

/** What is for the Supabase CLI, which the tests call themselves. */
const ofTheCli = (line: string) => line.startsWith("supabase ");

/** Runs the lines of a recipe that are not for the Supabase CLI. */
async function follow(
  recipe: string,
  folder: string,
  env: Record<string, string> = {},
): Promise<string> {
  const lines = recipe.trimEnd().split("\n").filter((line) => !ofTheCli(line))
    .map((line) => line.replace(/(npx .* (?:un)?install\b.*)/, "$1 --yes"))
    .map((line) => line.replace(/ --url https:\S+/, ""));
  let said = "";
  await inFolder(async (bin) => {
    const { code, said: all } = await runCommand(
      "sh",
      ["-eu", "-c", lines.join("\n")],
      {
        signal: new AbortController().signal,
        cwd: folder,
        env: { ...withNpx(bin), ...env },
      },
    );
    said = all;
    assert.equal(code, 0, said);
  });
  return said;
}

Deno.test("C5 every command of the two pages is run by a test", () => {
  const here = [
    ...["install.sh", "doctor.sh", "plan.sh", "uninstall.sh"].map(install),
    upgrade("upgrade.sh"),
  ].flatMap((recipe) => recipe.split("\n"));
  const elsewhere = [
    // supabase/tests/install/types.test.ts
    "npx interview-sessions types > interview-sessions.types.ts",
  ];

  for (const page of ["docs/install.md", "docs/upgrade.md"]) {
    assert.deepEqual(
      shellLinesOf(page).filter((line) =>
        !here.includes(line) && !elsewhere.includes(line)
      ),
      [],
      page,
    );
  }
});

Deno.test("C5 docs/install.md and docs/upgrade.md: installed, examined, upgraded, uninstalled", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      const env = { DATABASE_URL: database.url() };
      const said = await follow(install("install.sh"), folder);
      const shown = said.split("\n").filter((line) =>
        /^ {2}(write|edit) /.test(line)
      ).map((line) => line.replace(/\d{14}/, "<time>"));
      const page = fs.readFileSync(
        new URL("../../../docs/install.md", import.meta.url),
        "utf8",
      );
      for (const line of shown) assert(page.includes(`${line}\n`), line);
      await pushed(folder, database);
      await database.connected((sql) =>
        sql`select from public.reap_stale_sessions()`
      );

      assert.match(
        await follow(install("doctor.sh"), folder, env),
        /No problems\.$/,
      );
      assert.match(
        await follow(upgrade("upgrade.sh"), folder),
        /nothing to do\.$/,
      );

      await follow(install("uninstall.sh"), folder, env);
      await pushed(folder, database);
      assert.equal(migrationsIn(folder).length, 2);
      const [{ gone }] = await database.connected((sql) =>
        sql`select to_regnamespace('sessions') is null as gone`
      );
      assert(gone);
    })
  );
});

Deno.test({
  name: "C5 docs/install.md: applied by hand with psql" +
    (hasPsql ? "" : " (skipped: no psql here)"),
  ignore: !hasPsql,
  fn: () =>
    inFolder(async (folder) => {
      const database: LastingDatabase = await makeCopyOf("bare");
      try {
        await follow(install("plan.sh"), folder, {
          DATABASE_URL: database.url(),
        });
        assert(fs.existsSync(join(folder, "plan.sql")));
        const [{ version }] = await database.connected((sql) =>
          sql`select sessions.version() as version`
        );
        assert.equal(version, "0.1.0");
      } finally {
        await database.drop();
      }
    }),
});
