// `npx interview-sessions doctor`: each thing that is wrong is named, with what to do
// about it, and makes the exit code 1.
import assert from "node:assert/strict";
import { definitionsPath } from "../../../cli/doctor/definitions.ts";
import { definitionsText } from "../../../scripts/doctor/definitions_text.ts";
import { catalogue } from "../../../scripts/test/catalogue.ts";
import type { Database } from "../../../scripts/test/databases.ts";
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { textOf } from "../../../scripts/test/files.ts";
import { freePort } from "../../../scripts/stack/ports.ts";
import { keys, projectOfThisFile, startProject } from "../edge/support.ts";
import { command, type Ended, filesOf, inNewProject } from "./support.ts";

const project = projectOfThisFile({ functions: true });

const doctor = (...args: string[]) => command(["doctor", ...args]);
const doctorOn = (database: Database) =>
  command(["doctor", "--db-url", database.url()]);

/** Asserts that this, and nothing else, is wrong. */
function assertWrong({ code, out, err }: Ended, ...findings: RegExp[]) {
  const wrong = out.split("\n").filter((line) => line.startsWith("PROBLEM"));
  for (const finding of findings) {
    assert(wrong.some((line) => finding.test(line)), `${finding} in\n${out}`);
  }
  assert.equal(wrong.length, findings.length, out + err);
  assert.equal(out.match(/^ {9}Fix: \w/gm)?.length ?? 0, wrong.length);
  assert.equal(code, findings.length === 0 ? 0 : 1);
}

/** A migrated database whose reaper has run, after these steps. */
async function withSteps(
  steps: string,
  work: (database: Database) => Promise<void>,
  role = "postgres",
) {
  await withCopyOf("migrated", async (database) => {
    await database.connected(
      async (sql) => {
        await sql`select from public.reap_stale_sessions()`;
        await sql.unsafe(steps).simple();
      },
      role,
    );
    await work(database);
  });
}

Deno.test("C5 nothing is wrong with a fresh installation whose reaper has run: 0; and nothing is changed", async () => {
  await withSteps("", async (database) => {
    const before = await database.connected(catalogue);

    const ended = await doctorOn(database);

    assertWrong(ended);
    assert.match(ended.out, /^ok {7}Version 0\.1\.0 is installed\./);
    assert.match(
      ended.out,
      /Chapters: core, admin, deliveries, notification\./,
    );
    assert.match(ended.out, /All \d+ objects are those of this version/);
    assert.match(
      ended.out,
      /The reaper last ran 00:00:0\d ago\. Runs in the last hour: 1; expected/,
    );
    assert.match(ended.out, /No problems\.$/);
    assert.deepEqual(await database.connected(catalogue), before);
  });
});

Deno.test('C5 what doctor compares with is what the SQL makes (if not: "npm run definitions")', async () => {
  const text = await withCopyOf(
    "bare",
    (database) => database.connected(definitionsText),
  );

  assert.equal(await Deno.readTextFile(definitionsPath), text);
});

const faults: {
  what: string;
  steps: string;
  says: RegExp[];
  role?: string;
}[] = [
  {
    what: "a function that was edited by hand",
    steps: `do $$ begin
        execute replace(
          pg_get_functiondef('sessions.stale_reason(timestamptz, timestamptz)'::regprocedure),
          'timed_out', 'late'
        );
      end $$;`,
    says: [
      /The function sessions\.stale_reason\(.*\) differs from this version: its body was edited/,
    ],
  },
  {
    what:
      "a function that is no longer security definer, and one with another path",
    steps: `alter function sessions.end_session(text, text) security invoker;
      alter function public.end_session(text, text) set search_path = public;`,
    says: [
      /sessions\.end_session\(text,text\) .*: it is security invoker/,
      /end_session\(text,text\) .*: it is set to search_path=public/,
    ],
  },
  {
    what: "a function that is missing",
    steps: "drop function public.complete_session(text);",
    says: [
      /The function public\.complete_session\(text\) is missing/,
      /Health: critical.*authenticated on sessions\.complete_session\(text\)/,
    ],
  },
  {
    what: "a function that anybody may execute",
    steps: "grant execute on function public.session_health() to public;",
    says: [
      /The function public\.session_health\(\) may be executed by anon, authenticated, service_role, and should be executable by service_role/,
      /Health: critical.*anon on public\.session_health\(\), authenticated on public\.session_health\(\)/,
    ],
  },
  {
    what: "a function that users may not execute",
    steps:
      "revoke execute on function public.heartbeat_session(text) from authenticated;",
    says: [/heartbeat_session\(text\) may be executed by none/],
  },
  {
    what: "row level security that was switched off",
    steps: "alter table public.interviews disable row level security;",
    says: [
      /Row level security is off on public\.interviews: users read/,
      /Health: critical.*Row level security is off/,
    ],
  },
  {
    what: "another function of one of our names",
    steps: `create function public.start_session(session_id uuid) returns uuid
      language sql as 'select session_id';`,
    says: [/The function start_session\(uuid\) already exists/],
  },
  {
    what: "the API exposing the schema sessions",
    steps: `do $$ begin
        execute format('alter role authenticator in database %I set pgrst.db_schemas = ''public, sessions''', current_database());
      end $$;`,
    says: [/The API exposes the schema sessions/],
    role: "supabase_admin",
  },
  {
    what: "a reaper that has stopped",
    steps:
      "update sessions.reaper_runs set ran_at = ran_at - interval '1 hour' where true;",
    says: [
      /Health: critical, 0 live and 0 stale sessions\. The reaper last ran 01:00:0\d ago/,
    ],
  },
  {
    what: "a reaper that has never run",
    steps: "delete from sessions.reaper_runs where true;",
    says: [/The reaper has never run/],
  },
];

for (const { what, steps, says, role } of faults) {
  Deno.test(`C5 doctor finds ${what}: 1`, async () => {
    await withSteps(
      steps,
      async (database) => assertWrong(await doctorOn(database), ...says),
      role,
    );
  });
}

Deno.test("S27 C5 doctor finds grants that a restore brought back: 1", async () => {
  await withSteps(
    "grant all on public.interviews to anon, authenticated;",
    async (database) =>
      assertWrong(
        await doctorOn(database),
        /The role anon has select, insert, .* on the table public\.interviews, and should have none/,
        /The role authenticated has select, insert, .* and should have select/,
        /Health: critical/,
      ),
  );
});

Deno.test("C5 without the admin chapter nothing is missing", async () => {
  await withSteps(
    [
      ...textOf("scripts/rollback.sql").matchAll(
        /^ +'((?:public|sessions)\.(?:admin_\w+|check_administrator)\([^)]*\))/gm,
      ),
    ].map(([, signature]) => `drop function ${signature};`).join("\n"),
    async (database) => {
      const ended = await doctorOn(database);

      assertWrong(ended);
      assert.match(ended.out, /Chapters: core, deliveries, notification\./);
    },
  );
});

Deno.test("C5 what is the app's on ours is noted, and nothing is wrong", async () => {
  await withSteps(
    `create function sessions.of_the_app() returns int language sql as 'select 1';
     revoke execute on function sessions.of_the_app() from public;
     create policy support on public.interviews for select to service_role using (true);`,
    async (database) => {
      const ended = await doctorOn(database);

      assertWrong(ended);
      assert.match(
        ended.out,
        /^note {5}The function sessions\.of_the_app\(\) is not ours/m,
      );
      assert.match(
        ended.out,
        /^note {5}A policy of yours .*interviews: support/m,
      );
    },
  );
});

Deno.test("C5 an older version: 1, and how to upgrade", async () => {
  await withCopyOf("bare", async (database) => {
    await database.connected((sql) =>
      sql.unsafe(textOf("supabase/tests/upgrade/released/0.0.0.sql")).simple()
    );

    const ended = await doctorOn(database);

    assertWrong(
      ended,
      /Version 0\.0\.0 is installed, and this package is/,
      /never run/,
    );
    assert.match(ended.out, /Fix: To upgrade: npx interview-sessions install/);
    // complete as it stands: the package has no pages to refer to
    assert.match(
      ended.out,
      /Fix: Let a schedule run this every 00:01:00, with SUPABASE_URL and INTERVIEW_SESSIONS_SECRET_KEY in its environment: npx --yes interview-sessions@\d+\.\d+\.\d+ reap$/m,
    );
  });
});

Deno.test("C5 where it is not installed: 1, with what is in the way", async () => {
  await withCopyOf("bare", async (database) => {
    await database.connected((sql) => sql`create schema sessions`);

    assertWrong(
      await doctorOn(database),
      /not installed in this database/,
      /The schema sessions already exists/,
    );
  });
});

Deno.test("C5 a database that cannot be reached, or whose role may not look: 1, in a sentence", async () => {
  const away = await doctor(
    "--db-url",
    `postgres://postgres:pass@127.0.0.1:${freePort()}/postgres`,
  );
  assertWrong(away, /The database cannot be reached: .*\.$/);
  assert.doesNotMatch(away.out + away.err, /pass@/);

  for (
    const url of ["localhost", "postgres://postgres:100%@127.0.0.1/postgres"]
  ) {
    const noUrl = await doctor("--db-url", url);
    assert.equal(noUrl.code, 2);
    assert.match(noUrl.err, /^--db-url wants a connection string/);
  }

  const unencoded = await doctor(
    "--db-url",
    "postgres://postgres:p@nobody.invalid/x",
  );
  assertWrong(unencoded, /The database cannot be reached: /);
  assert.match(
    unencoded.out,
    /Fix: Is the host of --db-url right\? In a password, /,
  );

  await withCopyOf("migrated", async (database) => {
    const refused = await command(
      ["doctor", "--db-url", database.url("authenticator")],
    );
    assertWrong(refused, /The database refuses the role of --db-url/);
    assert.match(refused.out, /Fix: Connect as postgres\.$/m);
  });
});

Deno.test("C5 a database that cannot be reached does not keep doctor from examining the URL: 1", async () => {
  const ended = await doctor(
    ...[
      "--db-url",
      `postgres://postgres:pass@127.0.0.1:${freePort()}/postgres`,
    ],
    ...["--url", project.url],
  );

  assertWrong(ended, /The database cannot be reached: .*\.$/);
  assert.match(
    ended.out,
    /^ok {7}The Edge Function reap-stale-sessions answers/m,
  );
});

Deno.test("C5 I7 http to another machine is refused by doctor and reap; --allow-http allows it, with a warning", async () => {
  const self = await startProject({ functions: true });
  try {
    const { port } = new URL(self.url);
    // this machine, but not a loopback address
    const url = `http://0.0.0.0:${port}`;
    const warning =
      `Warning: over http (--allow-http) the secret key travels unencrypted to 0.0.0.0:${port}.`;
    const withKey = (...args: string[]) =>
      command(args, {
        env: { INTERVIEW_SESSIONS_SECRET_KEY: keys.secret.cron },
      });

    for (const name of ["doctor", "reap"]) {
      const { code, out, err } = await withKey(name, "--url", url);
      assert.equal(code, 2, name);
      assert.equal(out, "");
      assert.match(err, /would travel in the clear\. .* with --allow-http\.$/);
    }
    assert.equal(await runs(self), 0);

    const reaped = await withKey("reap", "--url", url, "--allow-http");
    assert.equal(reaped.code, 0, reaped.err);
    assert.equal(reaped.err, warning);
    assert.equal(await runs(self), 1);

    const examined = await withKey("doctor", "--url", url, "--allow-http");
    assertWrong(examined);
    assert.equal(examined.err, warning);

    const near = await withKey("reap", "--url", self.url, "--allow-http");
    assert.equal(near.err, "", "no warning where nothing leaves this machine");
  } finally {
    await self.stop();
  }
});

Deno.test("C5 an empty --db-url, of a variable that is not set, is refused by all that take it", async () => {
  await inNewProject(async (folder) => {
    const refused = async (...args: string[]) => {
      const { code, err } = await command(args, { cwd: folder });
      assert.equal(code, 2, args.join(" "));
      assert.match(err, /^--db-url is empty\./);
    };
    const before = filesOf(folder);

    await refused("install", "--yes", "--db-url", "");
    assert.deepEqual(filesOf(folder), before);
    await refused("doctor", "--db-url", "", "--url", project.url);
    await command(["install", "--yes"], { cwd: folder });
    const installed = filesOf(folder);
    await refused("uninstall", "--yes", "--db-url", "");
    assert.deepEqual(filesOf(folder), installed);
  });
});

Deno.test("C5 parameters of other libraries in --db-url are left out", async () => {
  await withSteps("", async (database) => {
    const url = `${database.url()}?pgbouncer=true&connection_limit=1`;

    assertWrong(await command(["doctor", "--db-url", url]));
  });
});

Deno.test("C5 --url: the function answers, refuses a stranger, and accepts the key; nothing is reaped", async () => {
  const before = await runs();

  const ended = await command(["doctor", "--url", project.url], {
    env: { INTERVIEW_SESSIONS_SECRET_KEY: keys.secret.cron },
  });

  assert.match(
    ended.out,
    /^ok {7}The Edge Function reap-stale-sessions answers, and refuses calls/,
  );
  assert.match(
    ended.out,
    /holds a secret key, and the Edge Function accepts it/,
  );
  assertWrong(ended, /Health: warning\. The reaper has never run/);
  assert.equal(await runs(), before);
});

Deno.test("C5 --url without a key: said, and nothing is wrong", async () => {
  const ended = await doctor("--url", project.url);

  assertWrong(ended);
  assert.match(ended.out, /^note {5}INTERVIEW_SESSIONS_SECRET_KEY is not set/m);
});

Deno.test("C5 --url: a key that the function does not accept", async () => {
  const ended = await command(["doctor", "--url", project.url], {
    env: { INTERVIEW_SESSIONS_SECRET_KEY: keys.secret.other },
  });

  assert.equal(ended.code, 1);
  assert.match(
    ended.out,
    /holds a secret key, and the Edge Function does not accept it \(403\)/,
  );
});

Deno.test("C5 --url: what does not answer says nothing about the key", async () => {
  const nobody = `http://127.0.0.1:${freePort()}`;
  const env = { INTERVIEW_SESSIONS_SECRET_KEY: keys.secret.cron };
  const none = await startProject();
  try {
    await none.sql`select from public.reap_stale_sessions()`;
    assertWrong(
      await command(["doctor", "--url", none.url], { env }),
      /There is no Edge Function reap-stale-sessions/,
    );
  } finally {
    await none.stop();
  }
  assertWrong(
    await command(["doctor", "--url", nobody], { env }),
    /cannot be reached/,
  );
});

Deno.test("C5 I8 --url: a function without keys, one that is not deployed, and nobody there", async () => {
  const keyless = await startProject({
    functions: true,
    functionsEnv: { SUPABASE_SECRET_KEYS: "" },
  });
  const none = await startProject();
  try {
    assertWrong(
      await doctor("--url", keyless.url),
      /The Edge Function has no secret key in its environment/,
    );
    assertWrong(
      await doctor("--url", none.url),
      /There is no Edge Function reap-stale-sessions/,
    );
  } finally {
    await keyless.stop();
    await none.stop();
  }
  const nobody = `http://127.0.0.1:${freePort()}`;
  assertWrong(await doctor("--url", nobody), /cannot be reached/);
  assert.equal((await doctor("--url", "http://ref.supabase.co")).code, 2);
});

for (
  const { what, status, text = "", says } of [
    {
      what: "redirects",
      status: 302,
      says: [
        /redirects \(302\)\..*Is --url the project's URL/,
        /has no API of Supabase \(302\)\..*Is --url the project's URL/,
      ],
    },
    {
      what: "answers everything",
      status: 200,
      text: "<html></html>",
      says: [
        /answers a call of the Edge Function without a key\..*Is --url the project's URL/,
        /has no API of Supabase \(200\)\..*Is --url the project's URL/,
      ],
    },
    {
      what: "fails",
      status: 500,
      says: [
        /The Edge Function fails \(500\)\..*log in the dashboard/,
        /does not answer session_health\(\) \(500\)\..*logs of the API/,
      ],
    },
    {
      what: "is not there at the moment",
      status: 503,
      says: [
        /The Edge Function does not start \(503\)\..*log in the dashboard/,
        /does not answer session_health\(\) \(503\)\..*logs of the API/,
      ],
    },
    {
      what: "stops functions at their limits",
      status: 546,
      says: [
        /stopped at a limit of time or memory \(546\)\..*log in the dashboard/,
        /does not answer session_health\(\) \(546\)\..*logs of the API/,
      ],
    },
    {
      what: "refuses every key",
      status: 401,
      text: '{"message":"Invalid API key"}',
      says: [
        /and the Edge Function does not accept it \(401\)\..*Set it to/,
        /does not answer session_health\(\) \(401\)\..*one of this project's secret keys/,
      ],
    },
  ]
) {
  Deno.test(`C5 --url: a site that ${what}: what may be the cause, and nothing about the schema`, async () => {
    await using site = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      () =>
        new Response(text, {
          status,
          ...(status === 302 && { headers: { location: "/login" } }),
        }),
    );

    const ended = await command(
      ["doctor", "--url", `http://127.0.0.1:${site.addr.port}`],
      { env: { INTERVIEW_SESSIONS_SECRET_KEY: keys.secret.cron } },
    );

    const problems = [...ended.out.matchAll(/^PROBLEM.*\n.*$/gm)]
      .map(([lines]) => lines.replace("\n", " "));
    assert.equal(problems.length, says.length, ended.out + ended.err);
    for (const [number, finding] of says.entries()) {
      assert.match(problems[number], finding);
    }
  });
}

async function runs({ sql } = project): Promise<number> {
  const [{ count }] = await sql`
    select count(*)::int from sessions.reaper_runs`;
  return count;
}
