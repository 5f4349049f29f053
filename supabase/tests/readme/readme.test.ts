// The README's own commands and code, run as they stand there.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { supabaseCli, withoutTls } from "../../../scripts/stack/migrations.ts";
import {
  type Client,
  projectOfThisFile,
} from "../../../scripts/test/api_fixture.ts";
import { runCommand } from "../../../scripts/test/command.ts";
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { deno } from "../../../scripts/test/deno_command.ts";
import {
  moduleOf,
  recipesOf,
  shellLinesOf,
} from "../../../scripts/test/recipes.ts";

const recipe = recipesOf("README.md");
const project = projectOfThisFile();
const { signal } = new AbortController();

interface ClientModule {
  startInterview(
    supabase: Client,
    onOver: (say: string) => void,
    takeover?: boolean,
  ): Promise<{
    heldBy?: { session_id: string };
    say?: string;
    session?: { session_id: string; fence: number };
    submit?(upload: () => Promise<void>): Promise<void>;
    leave?(): Promise<void>;
  }>;
}

/** Commands that other tests run: with which, and where. */
const runElsewhere: Record<string, string> = {
  "npm start": "supabase/tests/stack/start.test.ts",
  "npm run rehearse -- --lease 5s": "supabase/tests/stack/rehearse.test.ts",
  "npm test": ".ci/run",
  "export INTERVIEW_SESSIONS_SECRET_KEY=sb_secret_…":
    "supabase/tests/edge/reap_command.test.ts",
  "npm run reap -- --url https://<project>.supabase.co":
    "supabase/tests/edge/reap_command.test.ts",
};

Deno.test("every command of the README is run by a test", () => {
  const here = ["install.sh", "rollback.sh"]
    .flatMap((name) => recipe(name).split("\n"));

  const neither = shellLinesOf("README.md")
    .filter((line) => !here.includes(line) && !(line in runElsewhere));

  assert.deepEqual(neither, []);
  for (const file of Object.values(runElsewhere)) {
    assert(fs.existsSync(join(repositoryRoot, file)), `${file} is gone`);
  }
});

Deno.test("the installation: into a project that has migrations of its own", async () => {
  await withCopyOf("bare", (database) =>
    inProject(async (folder) => {
      const push = [
        "db",
        "push",
        "--yes",
        "--db-url",
        withoutTls(database.url()),
      ];
      fs.writeFileSync(
        join(folder, "supabase", "migrations", "20250601000000_own.sql"),
        "create table public.own (id int primary key);",
      );
      await cli(push, folder);

      const lines = recipe("install.sh").trimEnd().split("\n");
      const ofTheCli = lines.filter((line) => line.startsWith("supabase "));
      const shell = lines.filter((line) => !ofTheCli.includes(line)).join("\n");
      const { code, said } = await runCommand("sh", ["-eu", "-c", shell], {
        signal,
        cwd: folder,
      });
      assert.equal(code, 0, said);
      assert.deepEqual(ofTheCli, [
        "supabase db push --include-all",
        "supabase functions deploy reap-stale-sessions",
      ]);
      await cli([...push, "--include-all"], folder);

      const rows = await database.connected((sql) =>
        sql`select status from public.session_health()`
      );
      assert.equal(rows[0].status, "warning", "the reaper has never run");
      await deployIsUnderstood(folder);
    }));
});

/** There is no project to deploy to: so as far as the login. */
async function deployIsUnderstood(folder: string) {
  const { code, stdout, stderr } = await supabaseCli(
    ["functions", "deploy", "reap-stale-sessions"]
      .concat(["--project-ref", "abcdefghijklmnopqrst"]),
    { workdir: folder, env: { SUPABASE_ACCESS_TOKEN: "" } },
  );
  assert.notEqual(code, 0);
  assert.match(stdout + stderr, /[Aa]ccess token/);
  const config = fs.readFileSync(join(folder, "supabase/config.toml"), "utf8");
  assert.match(
    config,
    /\[functions\.reap-stale-sessions\]\nverify_jwt = false/,
  );
  assert(
    fs.existsSync(
      join(folder, "supabase/functions/reap-stale-sessions/deno.json"),
    ),
  );
}

Deno.test("the client's code: the compiler finds nothing in it", async () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "readme-"));
  try {
    for (const name of ["package.json", "deno.json"]) {
      fs.copyFileSync(join(repositoryRoot, name), join(folder, name));
    }
    const modules = "node_modules";
    fs.symlinkSync(join(repositoryRoot, modules), join(folder, modules));
    fs.writeFileSync(join(folder, "client.ts"), recipe("client.ts"));

    const { code, said } = await deno(
      ["check", "--no-lock", "--node-modules-dir=manual"]
        .concat(["--config", join(folder, "deno.json")])
        .concat([join(folder, "client.ts")]),
      { signal },
    );

    assert.equal(code, 0, said);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

Deno.test("M3 M4 M6 the client's code: refused, taken over, handed in, left", async () => {
  const { startInterview } = await moduleOf<ClientModule>(recipe("client.ts"));
  const user = await project.newUser();
  const history = async () => {
    const { data } = await user.client.from("interview_session_history")
      .select("end_reason").order("fence");
    return data?.map(({ end_reason }) => end_reason);
  };
  const never = (say: string) => assert.fail(say);

  const first = await startInterview(user.client, never);
  const second = await startInterview(user.client, never);
  assert.equal(second.heldBy?.session_id, first.session?.session_id);
  assert.match(second.say ?? "", /already have an interview open/);

  const third = await startInterview(user.client, never, true);
  assert(third.session && first.session);
  assert(third.session.fence > first.session.fence);
  let uploads = 0;
  await third.submit?.(() => Promise.resolve(void uploads++));
  assert.equal(uploads, 1);
  assert.deepEqual(await history(), ["taken_over", "completed"]);

  const fourth = await startInterview(user.client, never);
  await fourth.leave?.();
  await first.leave?.();
  assert.deepEqual(
    await history(),
    ["taken_over", "completed", "disconnected"],
  );
});

interface Grant {
  session_id: string;
  interview_id: string;
  fence: number;
}

/** What a guarded answer names of the session that writes it. */
async function grant(
  { client }: { client: Client },
  session_id: string,
  interview_id: string,
): Promise<Grant> {
  const { data, error } = await client.rpc("start_session", {
    session_id,
    takeover: true,
    interview_id,
  });
  assert.equal(error, null);
  return { session_id, interview_id, fence: data!.fence };
}

/** What comes of an upsert, which is how an app saves. */
async function answer(
  { client }: { client: Client },
  row: Grant & { answer?: string },
): Promise<"saved" | number> {
  const { status, error } = await client.from("answers" as never)
    .upsert({ question: 1, answer: "42", ...row } as never);
  return error ? status : "saved";
}

Deno.test("B5 C2 the guard: the holder answers, the next session of the interview reads and goes on, a zombie does not", async () => {
  await project.sql.unsafe(recipe("guard.sql")).simple();
  const [user, stranger] = await project.newUsers(2);
  const saved = async () => {
    const { data } = await user.client.from("answers" as never)
      .select("interview_id, question, answer, session_id")
      .order("interview_id");
    return data;
  };

  const old = await grant(user, "old", "attempt-1");
  assert.equal(await answer(user, { ...old, answer: "first" }), "saved");
  const fresh = await grant(user, "fresh", "attempt-1");

  assert.deepEqual(await saved(), [{
    interview_id: "attempt-1",
    question: 1,
    answer: "first",
    session_id: "old",
  }]);
  assert.equal(await answer(user, { ...old, answer: "zombie" }), 403);
  assert.equal(await answer(user, { ...fresh, fence: old.fence }), 403);
  assert.equal(await answer(stranger, fresh), 403);
  assert.equal(await answer(user, { ...fresh, answer: "second" }), "saved");
  const kept = {
    interview_id: "attempt-1",
    question: 1,
    answer: "second",
    session_id: "fresh",
  };
  assert.deepEqual(await saved(), [kept]);

  // a live session of one interview writes no answers of another
  const other = await grant(user, "other", "attempt-2");
  assert.equal(
    await answer(user, { ...other, interview_id: "attempt-1" }),
    403,
  );
  assert.equal(await answer(user, other), "saved");
  assert.deepEqual((await saved())?.slice(0, 1), [kept]);
});

Deno.test("B5 M8 the guard: another user's answers under the same ids are theirs, and in nobody's way", async () => {
  const [a, b] = await project.newUsers(2);
  const ofA = await grant(a, "same session", "same interview");
  const ofB = await grant(b, "same session", "same interview");

  assert.equal(await answer(a, { ...ofA, answer: "of a" }), "saved");
  assert.equal(await answer(b, { ...ofB, answer: "of b" }), "saved");

  const rows = await project.sql`
    select user_id, answer from public.answers
    where user_id in (${a.id}, ${b.id}) order by answer`;
  assert.deepEqual([...rows], [
    { user_id: a.id, answer: "of a" },
    { user_id: b.id, answer: "of b" },
  ]);
});

Deno.test("M14 the operator's statements answer", async () => {
  const answers: unknown = await project.sql
    .unsafe(recipe("operate.sql")).simple();

  const [health, ...rest] = answers as { status: string }[][];
  assert.equal(health[0].status, "warning", "the reaper has never run");
  assert.deepEqual(rest.map((rows) => rows.length), [0, 0, 0]);
});

Deno.test("M10 C7 the settings as shown are those in force", async () => {
  const inForce = () => project.sql`select s::text from sessions.settings s`;
  const before = await inForce();

  const { count } = await project.sql.unsafe(recipe("settings.sql"));

  assert.equal(count, 1);
  assert.deepEqual([...await inForce()], [...before]);
  const columns = await project.sql<{ name: string }[]>`
    select attname as name from pg_attribute
    where attrelid = 'sessions.settings'::regclass and attnum > 0
      and not attisdropped and attname <> 'is_the_row'`;
  for (const { name } of columns) {
    assert(recipe("settings.sql").includes(`\n  ${name} = `), name);
  }
});

Deno.test("M17 a user is made an administrator", async () => {
  const [user, other] = await project.newUsers(2);
  const somebody = "somebody@example.com";
  const statement = recipe("administrator.sql");
  assert(statement.includes(somebody));

  const { count } = await project.superuser.unsafe(
    statement.replace(somebody, user.email),
  );

  assert.equal(count, 1);
  const made = await project.superuser`
    select id, raw_app_meta_data -> 'session_admin' as is_admin
    from auth.users where id in (${user.id}, ${other.id})`;
  assert.equal(made.find(({ id }) => id === user.id)?.is_admin, true);
  assert.notEqual(made.find(({ id }) => id === other.id)?.is_admin, true);
});

Deno.test("C1 an operator ends a user's session and gives the user more time, with notes that no user sees", async () => {
  const user = await project.newUser();
  const { data: session } = await user.client.rpc("start_session", {
    session_id: "held",
    interview_id: "attempt-1",
  });
  const nobody = "00000000-0000-0000-0000-000000000000";
  const statements = recipe("revoke.sql");
  assert.equal(statements.split(nobody).length, 3);

  const answers: unknown = await project.sql
    .unsafe(statements.replaceAll(nobody, user.id)).simple();

  const [[ended], [interview]] = answers as Record<string, unknown>[][];
  assert.deepEqual(
    [ended.session_id, ended.end_reason],
    ["held", "revoked"],
  );
  assert.equal(
    Number(interview.deadline_at) - Date.parse(session!.deadline_at),
    600_000,
  );
  const notes = await project.sql`
    select role, note from sessions.revocations where user_id = ${user.id}
    union all
    select role, note from sessions.extensions where user_id = ${user.id}`;
  assert.deepEqual([...notes], [
    { role: "postgres", note: "asked by the user" },
    { role: "postgres", note: "fire alarm" },
  ]);
  for (const table of ["interview_session_history", "interviews"] as const) {
    const { data } = await user.client.from(table).select();
    assert.equal(data?.length, 1);
    assert.doesNotMatch(JSON.stringify(data), /asked by the user|fire alarm/);
  }
});

Deno.test("an operator ends all sessions in one statement", async () => {
  const users = await project.newUsers(3);
  for (const { client } of users) {
    await client.rpc("start_session", { session_id: "held" });
  }
  const live = async () => {
    const [{ count }] = await project.sql`
      select count(*)::int from public.active_interview_sessions`;
    return count;
  };
  const before = await live();
  assert(before >= users.length);

  const [{ count }] = await project.sql.unsafe(recipe("revoke_all.sql"));

  assert.equal(Number(count), before);
  assert.equal(await live(), 0);
  for (const { client } of users) {
    const { error } = await client.rpc("heartbeat_session", {
      session_id: "held",
    });
    assert.equal(JSON.parse(error!.details).end_reason, "revoked");
  }
});

const psql = findPsql();

Deno.test({
  name: "M15 the rollback, with psql" +
    (psql ? "" : " (skipped: no psql here)"),
  ignore: !psql,
  fn: () =>
    withCopyOf("migrated", async (database) => {
      const { code, said } = await runCommand(
        "sh",
        ["-eu", "-c", recipe("rollback.sh")],
        { signal, env: { DATABASE_URL: database.url() } },
      );

      assert.equal(code, 0, said);
      const [{ gone }] = await database.connected((sql) =>
        sql`select to_regnamespace('sessions') is null as gone`
      );
      assert(gone);
    }),
});

function findPsql(): boolean {
  return (process.env.PATH ?? "").split(":")
    .some((folder) => fs.existsSync(join(folder, "psql")));
}

/** A Supabase project beside a folder that looks like a clone of ours. */
async function inProject(work: (folder: string) => Promise<void>) {
  const parent = fs.mkdtempSync(join(tmpdir(), "readme project "));
  try {
    fs.symlinkSync(repositoryRoot, join(parent, "interview-sessions"));
    const folder = join(parent, "app");
    fs.mkdirSync(join(folder, "supabase", "migrations"), { recursive: true });
    fs.mkdirSync(join(folder, "supabase", "functions"));
    await cli(["init", "--force"], folder);
    await work(folder);
  } finally {
    fs.rmSync(parent, { recursive: true });
  }
}

async function cli(args: string[], workdir: string) {
  const { code, stdout, stderr } = await supabaseCli(args, { workdir });
  assert.equal(code, 0, `supabase ${args.join(" ")}:\n${stdout}${stderr}`);
}
