// The package from its tarball to its removal: installed by npm in an empty folder
// and run with plain Node. Nothing of the clone is used but what stands in for the
// project: a Postgres with Supabase's roles, its API, and the Supabase CLI.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { type Api, startApi } from "../../../scripts/stack/api.ts";
import { serveFunctions } from "../../../scripts/stack/functions.ts";
import { localJwtSecret, localKeys } from "../../../scripts/stack/keys.ts";
import { supabaseCli } from "../../../scripts/stack/migrations.ts";
import { catalogue } from "../../../scripts/test/catalogue.ts";
import {
  type CommandResult,
  runCommand,
} from "../../../scripts/test/command.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import {
  type LastingDatabase,
  makeCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import { textOf } from "../../../scripts/test/files.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";
import { filesOf, migrationsIn, pushed } from "../install/support.ts";
import { isThere } from "../schedule/support.ts";
import { liftedLimits, liftThoseOfTheRole } from "../timeouts.ts";
import { type App, makeApp } from "./support.ts";

const { signal } = new AbortController();
const readme = recipesOf("README.md");
const quickStart = recipesOf("docs/quick-start.md");
const secret = { INTERVIEW_SESSIONS_SECRET_KEY: localKeys.secret.default };

/** The folder of the project that had 0.0.0, in the app's. */
const older = "older";

let app: App;
let fresh: LastingDatabase;
let upgraded: LastingDatabase;
Deno.test.beforeAll(async () => {
  // one after the other: a database that is being copied cannot be copied again
  fresh = await makeCopyOf("bare");
  upgraded = await makeCopyOf("bare");
  app = await makeApp();
});
Deno.test.afterAll(async () => {
  app?.remove();
  await fresh?.drop();
  await upgraded?.drop();
});

Deno.test("C5 from the tarball alone: installed, used, reaped, examined, upgraded, uninstalled", async (t) => {
  /** A step that those after it depend on. */
  const step = async (name: string, work: () => Promise<void>) =>
    assert(await t.step(name, work), `The story ends at: ${name}`);
  const objects = new Map<Database, unknown>();
  const files = new Map<string, unknown>();

  await step(
    "C5 supabase init, in an empty folder and in a second one",
    async () => {
      for (
        const [folder, database] of [[".", fresh], [older, upgraded]] as const
      ) {
        await initialise(folder);
        await database.connected(liftThoseOfTheRole, "supabase_admin");
        objects.set(database, await objectsOf(database));
        files.set(folder, projectFiles(folder));
      }
    },
  );

  await step(
    "C5 npx … install writes one migration and the Edge Function",
    async () => {
      const [line] = readme("install.sh").split("\n");
      assert.match(line, /^npx interview-sessions install$/);

      const said = succeeded(
        await runCommand("sh", ["-c", `${line} --yes`], {
          signal,
          cwd: app.folder,
        }),
      );

      assert.match(said, /^Installing interview sessions \d+\.\d+\.\d+:$/m);
      assert.equal(migrationsIn(app.folder).length, 1);
      assert(
        fs.existsSync(
          path.join(functionsFolder(), "reap-stale-sessions", "index.ts"),
        ),
      );
    },
  );

  await step("C5 supabase db push applies it", async () => {
    await pushed(app.folder, fresh);

    assert.equal(await versionOf(fresh), packageVersion());
  });

  const api = await startProject();
  try {
    await step(
      "M4 M6 the README's client, compiled as strict TypeScript, submits one interview and crashes in the next",
      async () => {
        writeClient(api.url);
        await compile();

        const said = succeeded(
          await runCommand(
            "node",
            // Node 20 has no WebSocket without it, which supabase-js asks for
            ["--experimental-websocket", "interview.mjs"],
            { signal, cwd: app.folder },
          ),
        );

        assert.equal(
          said,
          "idle starting live completing over idle starting live",
        );
        assert.deepEqual(await sessionsIn(fresh), ["completed", "live"]);
      },
    );

    await step(
      "B1 npx … reap moves the crashed session to the history",
      async () => {
        await letTheLeaseRunOut(fresh);

        const said = await succeeds(["reap", "--url", api.url], {
          env: secret,
        });

        assert.match(
          said,
          /^Reaped 1 stale session \(1 expired\) .* Health: ok\./,
        );
        assert.deepEqual(await sessionsIn(fresh), ["completed", "expired"]);
      },
    );

    await step(
      "C5 npx … doctor finds nothing wrong with database, function and key",
      async () => {
        const said = await succeeds(
          ["doctor", "--db-url", fresh.url(), "--url", api.url],
          { env: secret },
        );

        assertNoProblems(said);
        assert.match(said, /refuses calls without a key\.$/m);
        assert.match(said, /and the Edge Function accepts it\.$/m);
      },
    );
  } finally {
    await api.stop();
  }

  await step(
    "C5 I5 npx … install upgrades a project with 0.0.0; its session stays live",
    async () => {
      useReleased(older);
      await pushed(projectFolder(older), upgraded);
      await startInSql(upgraded);
      assert.equal(await versionOf(upgraded), "0.0.0");

      await succeeds(["install", "--yes", "--admin"], { cwd: older });
      await pushed(projectFolder(older), upgraded);

      assert.equal(await versionOf(upgraded), packageVersion());
      assert.deepEqual(await sessionsIn(upgraded), ["live"]);
    },
  );

  await step(
    "C5 npx … doctor finds nothing wrong after the upgrade",
    async () => {
      assertNoProblems(await succeeds(["doctor", "--db-url", upgraded.url()]));
    },
  );

  await step(
    "C5 M15 npx … uninstall, pushed, leaves nothing of ours",
    async () => {
      for (
        const [folder, database] of [[".", fresh], [older, upgraded]] as const
      ) {
        const said = await succeeds(
          ["uninstall", "--yes", "--db-url", database.url()],
          { cwd: folder },
        );
        assert.match(said, /^No object of the app depends on it\.$/m);
        await pushed(projectFolder(folder), database);

        assert.deepEqual(await objectsOf(database), objects.get(database));
        assert.deepEqual(projectFiles(folder), files.get(folder));
      }
    },
  );
});

// the options of util-linux
const hasScript = Deno.build.os === "linux" && isThere("script");

Deno.test({
  name:
    "C5 npx … install asks in a terminal: Ctrl-C, Ctrl-D and n change nothing" +
    (hasScript ? "" : " (skipped: no script here)"),
  ignore: !hasScript,
  fn: async () => {
    const project = projectFolder("asked");
    fs.mkdirSync(path.join(project, "supabase"), { recursive: true });
    fs.writeFileSync(path.join(project, "supabase", "config.toml"), "");
    const before = filesOf(project);

    for (const keys of ["\x03", "\x04", "n\r"]) {
      const { code, said } = await answered(project, keys);

      assert.equal(code, 1, said);
      assert.match(said, /\nNothing was changed\.\s*$/);
      assert.doesNotMatch(said, /\n\s+at /, "a stack trace");
      assert.deepEqual(filesOf(project), before);
    }

    const { code, said } = await answered(project, "y\r");
    assert.equal(code, 0, said);
    assert.equal(migrationsIn(project).length, 1);
  },
});

/** Runs `install` in a terminal, and types these keys at its question. */
async function answered(cwd: string, keys: string) {
  const command = "../node_modules/.bin/interview-sessions install";
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", command, "/dev/null"],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const typist = child.stdin.getWriter();
  const question = "Make these changes? [y/N] ";
  let said = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const isAsked = said.includes(question);
    said += text;
    if (!isAsked && said.includes(question)) {
      await typist.write(new TextEncoder().encode(keys));
    }
  }
  await typist.close();
  const { code } = await child.status;
  return { code, said };
}

function projectFolder(folder: string): string {
  return path.join(app.folder, folder);
}

function functionsFolder(): string {
  return path.join(app.folder, "supabase", "functions");
}

async function initialise(folder: string) {
  const workdir = projectFolder(folder);
  fs.mkdirSync(workdir, { recursive: true });
  const { code, stdout, stderr } = await supabaseCli(["init"], { workdir });
  assert.equal(code, 0, stdout + stderr);
}

function succeeded({ code, stdout, said }: CommandResult): string {
  assert.equal(code, 0, said);
  return stdout.trimEnd();
}

/** Runs the package's command, which must succeed; what it printed. */
async function succeeds(
  args: string[],
  o: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  return succeeded(await app.command(args, { cwd: ".", ...o }));
}

function packageVersion(): string {
  const file = path.join(
    app.folder,
    "node_modules/interview-sessions/package.json",
  );
  return JSON.parse(fs.readFileSync(file, "utf8")).version;
}

async function versionOf(database: Database): Promise<string> {
  const [{ version }] = await database.connected((sql) =>
    sql`select sessions.version() as version`
  );
  return version;
}

/** All objects of the database but the Supabase CLI's own. */
async function objectsOf(database: Database) {
  return (await database.connected(catalogue))
    .filter(({ name }) => !name.includes("supabase_migrations"));
}

/** The files of `supabase/` but its migrations, which are the project's history. */
function projectFiles(folder: string): Map<string, string> {
  return new Map(
    [...filesOf(path.join(projectFolder(folder), "supabase"))]
      .filter(([name]) => !name.startsWith("migrations/")),
  );
}

/** The API of the fresh database, with the Edge Function that was installed. */
async function startProject(): Promise<Pick<Api, "url" | "stop">> {
  const api = await startApi({
    databaseUrl: fresh.url,
    port: 0,
    keys: localKeys,
    jwtSecret: localJwtSecret,
    requestSettings: liftedLimits,
    functions: (request, name) => functions.answer(request, name),
  });
  const functions = serveFunctions({
    folder: functionsFolder(),
    env: {
      SUPABASE_URL: api.url,
      SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({
        default: localKeys.publishable,
      }),
      SUPABASE_SECRET_KEYS: JSON.stringify(localKeys.secret),
    },
  });
  return {
    url: api.url,
    async stop() {
      await api.stop();
      await functions.stop();
    },
  };
}

const main = `
import { startInterview, submitInterview } from "./client";
import { supabase } from "./supabase";

const seen: string[] = [];
const show = ({ name }: { name: string }) => void seen.push(name);
const never = () => Promise.reject(new Error("no other session"));
const { error } = await supabase.auth.signUp({
  email: "ada@example.com",
  password: "a password",
});
if (error) throw error;

await submitInterview(await startInterview(show, never), async () => {});
await startInterview(show, never);
console.log(seen.join(" "));
process.exit(); // without an end
`;

const tsconfig = {
  compilerOptions: {
    target: "es2022",
    lib: ["es2022", "dom"],
    types: ["node"],
    module: "esnext",
    moduleResolution: "bundler",
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    // supabase-js's own declarations are not exact
    skipLibCheck: true,
    rootDir: "src",
    outDir: "compiled",
  },
  include: ["src"],
};

/** The README's code, the module that it imports, and what calls it. */
function writeClient(url: string) {
  const supabase = quickStart("supabase.ts")
    .replace("https://<project>.supabase.co", url)
    .replace("sb_publishable_…", localKeys.publishable);
  const sources = {
    "tsconfig.json": JSON.stringify(tsconfig),
    "src/client.ts": readme("client.ts"),
    "src/supabase.ts": supabase,
    "src/main.ts": main,
  };
  fs.mkdirSync(path.join(app.folder, "src"));
  for (const [name, text] of Object.entries(sources)) {
    fs.writeFileSync(path.join(app.folder, name), text);
  }
}

/** Compiles with tsc, and bundles the result: its imports have no extensions. */
async function compile() {
  const commands: [script: string, ...args: string[]][] = [
    ["node_modules/typescript/bin/tsc", "--project", "."],
    [
      "node_modules/esbuild/bin/esbuild",
      ...["compiled/main.js", "--bundle", "--packages=external"],
      ...["--format=esm", "--outfile=interview.mjs"],
    ],
  ];
  for (const [script, ...args] of commands) {
    succeeded(await app.run(script, args, { cwd: "." }));
  }
}

/** How each session ended, or that it is live, by its fence. */
async function sessionsIn(database: Database): Promise<string[]> {
  const rows = await database.connected((sql) =>
    sql<{ state: string }[]>`
      select 'live' as state, fence
      from public.active_interview_sessions
      where expires_at > now()
      union all
      select end_reason, fence
      from public.interview_session_history
      order by fence`
  );
  return rows.map(({ state }) => state);
}

async function letTheLeaseRunOut(database: Database) {
  await database.connected((sql) =>
    sql`
      update public.active_interview_sessions
      set
        created_at = created_at - interval '6 minutes',
        updated_at = updated_at - interval '6 minutes',
        expires_at = expires_at - interval '6 minutes'`
  );
}

function assertNoProblems(said: string) {
  assert.doesNotMatch(said, /^PROBLEM/m);
  assert.match(said, /^ok {7}Version \d+\.\d+\.\d+ is installed\.$/m);
  assert.match(said, /\n\nNo problems\.$/);
}

/** A project into which 0.0.0 was copied by hand: there was no package. */
function useReleased(folder: string) {
  const migrations = path.join(projectFolder(folder), "supabase", "migrations");
  fs.mkdirSync(migrations);
  fs.writeFileSync(
    path.join(migrations, "20250124000000_interview_sessions.sql"),
    textOf("supabase/tests/upgrade/released/0.0.0.sql"),
  );
}

/** A user's live session, after a run of the reaper. */
async function startInSql(database: Database) {
  const id = "aaaaaaaa-0000-4000-8000-000000000001";
  await database.connected((sql) =>
    sql.unsafe(`
      insert into auth.users (id, email) values ('${id}', 'ada@example.com');
      select from public.reap_stale_sessions();
      set request.jwt.claims to '{"sub": "${id}", "role": "authenticated"}';
      set role authenticated;
      select from public.start_session('page');
    `).simple()
  );
}
