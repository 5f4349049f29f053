// The commands of docs/uninstall.md and docs/self-hosting.md, run as they stand
// there.
import assert from "node:assert/strict";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { runCommand } from "../../../scripts/test/command.ts";
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";
import { keys, startProject } from "../edge/support.ts";
import { hasPsql, inFolder, inNewProject, pushed } from "../install/support.ts";
import { withNpx } from "../schedule/support.ts";

const uninstall = recipesOf("docs/uninstall.md");
const selfHosting = recipesOf("docs/self-hosting.md");
const { signal } = new AbortController();

Deno.test({
  name:
    "M15 the history is kept in a table that nobody may read, then all is removed with psql" +
    (hasPsql ? "" : " (skipped: no psql here)"),
  ignore: !hasPsql,
  fn: () =>
    withCopyOf("migrated", async (database) => {
      await database.connected((sql) =>
        sql.unsafe(uninstall("keep.sql")).simple()
      );

      const { code, said } = await runCommand(
        "sh",
        ["-eu", "-c", uninstall("rollback.sh")],
        { signal, env: { DATABASE_URL: database.url() }, cwd: repositoryRoot },
      );

      assert.equal(code, 0, said);
      const [row] = await database.connected((sql) =>
        sql`
          select
            to_regnamespace('sessions') is null as gone,
            (select relrowsecurity from pg_class where oid = 'public.kept_history'::regclass) as guarded`
      );
      assert.deepEqual({ ...row }, { gone: true, guarded: true });
    }),
});

Deno.test("C5 self-hosted: installed and pushed to a database by its URL, and reaped in SQL", async () => {
  await inNewProject((folder) =>
    withCopyOf("bare", async (database) => {
      const [install, push, ...more] = selfHosting("push.sh").trimEnd()
        .split("\n");
      assert.equal(push, 'supabase db push --db-url "$DATABASE_URL"');
      assert.deepEqual(more, []);
      await inFolder(async (bin) => {
        const { code, said } = await runCommand(
          "sh",
          ["-eu", "-c", `${install} --yes`],
          { signal, cwd: folder, env: withNpx(bin) },
        );
        assert.equal(code, 0, said);
      });
      await pushed(folder, database);

      const [{ count }] = await database.connected((sql) =>
        sql.unsafe(selfHosting("reap.sql"))
      );

      assert.equal(Number(count), 0);
      const [{ status }] = await database.connected((sql) =>
        sql`select status from public.session_health()`
      );
      assert.equal(status, "ok");
    })
  );
});

Deno.test("C5 self-hosted: reaped over http inside a network", async () => {
  const project = await startProject({ functions: true });
  try {
    const { port } = new URL(project.url);
    const line = selfHosting("allow_http.sh");
    assert(line.includes("http://kong:8000 "));
    await inFolder(async (bin) => {
      const { code, said } = await runCommand(
        "sh",
        // not a loopback address
        ["-c", line.replace("kong:8000", `0.0.0.0:${port}`)],
        {
          signal,
          env: {
            ...withNpx(bin),
            INTERVIEW_SESSIONS_SECRET_KEY: keys.secret.cron,
          },
        },
      );

      assert.equal(code, 0, said);
      assert.match(said, /^Reaped 0 stale sessions /m);
      assert.match(said, /^Warning: over http .* travels unencrypted/m);
    });
  } finally {
    await project.stop();
  }
});
