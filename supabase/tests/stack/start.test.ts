// `npm start` as a person meets it: as a process, with its output, signals and
// exit codes, in a folder with a blank.
import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { administrator } from "../../../scripts/stack/administrator.ts";
import { localKeys } from "../../../scripts/stack/keys.ts";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { freePort } from "../../../scripts/stack/ports.ts";
import { canFollowParent } from "../../../scripts/stack/unprivileged.ts";
import { findRunningStack } from "../../../scripts/stack/running_stack.ts";
import { type PreparedFolder, prepareFolder } from "./prepared_folder.ts";
import {
  answersOn,
  connected,
  descendantsOf,
  isAlive,
  until,
  withFolder,
} from "./support.ts";

let prepared: PreparedFolder;
Deno.test.beforeAll(async () => {
  prepared = await prepareFolder();
});
Deno.test.afterAll(() => prepared.remove());

/** `npm start` with these arguments, less npm. */
function npmStart(args: string[]) {
  const child = new Deno.Command("node", {
    args: ["scripts/run.mjs", "start", ...args],
    cwd: repositoryRoot,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const printed = { text: "" };
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      printed.text += chunk;
    }
  };
  const read = Promise.all([collect(child.stdout), collect(child.stderr)]);
  return {
    pid: child.pid,
    printed,
    kill: (signal: Deno.Signal) => child.kill(signal),
    ended: child.status.then(async ({ code }) => {
      await read;
      return code;
    }),
  };
}

/** A stack that is up, on free ports; whatever happens, it is not left over. */
async function withStack(
  folder: string,
  args: string[],
  work: (stack: {
    start: ReturnType<typeof npmStart>;
    apiPort: number;
    dbPort: number;
    appPort: number;
  }) => Promise<void>,
) {
  const apiPort = freePort();
  const dbPort = freePort();
  const appPort = freePort();
  const start = npmStart([
    ...["--data", folder, "--api-port", `${apiPort}`, "--db-port", `${dbPort}`],
    ...["--app-port", `${appPort}`, ...args],
  ]);
  try {
    let code: number | undefined;
    start.ended.then((ended) => code = ended);
    await until(
      "the stack is up",
      () => {
        assert.equal(code, undefined, start.printed.text);
        return start.printed.text.includes("The local stack is up");
      },
    );
    await work({ start, apiPort, dbPort, appPort });
  } finally {
    const pids = await descendantsOf(start.pid);
    for (const pid of [start.pid, ...pids]) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // as it should be
      }
    }
    await start.ended;
    await until("all have ended", () => !pids.some(isAlive));
  }
}

async function allHaveEnded(pids: number[]) {
  await until("all processes have ended", () => !pids.some(isAlive));
}

const insertUser = (dbPort: number, email: string) =>
  connected(
    `postgres://postgres@127.0.0.1:${dbPort}/postgres`,
    (sql) =>
      sql`insert into auth.users (id, email) values (gen_random_uuid(), ${email})`,
  );
const letAllExpire = (dbPort: number) =>
  connected(
    `postgres://postgres@127.0.0.1:${dbPort}/postgres`,
    (sql) =>
      sql`
        update public.active_interview_sessions
        set
          created_at = created_at - interval '2 minutes',
          updated_at = updated_at - interval '2 minutes',
          deadline_at = deadline_at - interval '2 minutes',
          expires_at = expires_at - interval '2 minutes'
        where true`,
  );
const emails = (dbPort: number) =>
  connected(
    `postgres://postgres@127.0.0.1:${dbPort}/postgres`,
    async (sql) =>
      (await sql`
        select email from auth.users
        where email <> ${administrator.email}
        order by 1`).map((row) => row.email),
  );

Deno.test("it says where it is, tells what happens, and Ctrl-C ends all of it", async () => {
  await withFolder(async (folder) => {
    const args = ["--lease", "90s", "--reap-every", "500ms"];
    await withStack(
      `${folder}/a b`,
      args,
      async ({ start, apiPort, dbPort, appPort }) => {
        const { printed } = start;
        const apiUrl = `http://127.0.0.1:${apiPort}`;
        for (
          const expected of [
            apiUrl,
            `http://127.0.0.1:${appPort}\n`,
            `http://127.0.0.1:${appPort}/admin\n`,
            `${administrator.email}, password ${administrator.password}`,
            `psql "postgres://postgres@127.0.0.1:${dbPort}/postgres"`,
            localKeys.publishable,
            localKeys.secret.default,
            "lease 00:01:30, heartbeat every 00:00:30",
            "npm run rehearse",
          ]
        ) assert.ok(printed.text.includes(expected), expected);
        assert.equal((await findRunningStack(`${folder}/a b`))?.apiUrl, apiUrl);

        const client = createClient(apiUrl, localKeys.publishable, {
          auth: { persistSession: false, autoRefreshToken: false },
        });
        await client.auth.signUp({
          email: "a@example.com",
          password: "a-password",
        });
        await client.rpc("start_session", {
          session_id: "one",
          device: "Chrome",
        });
        await client.rpc("start_session", { session_id: "two" });
        await letAllExpire(dbPort);
        await until(
          "the reaping is told",
          () => /reaped +1 stale/.test(printed.text),
        );
        const told = printed.text.split("\n")
          .map((line) => /^\d\d:\d\d:\d\d {2}([a-z]+) /.exec(line)?.[1])
          .filter((kind) => kind !== undefined);
        assert.deepEqual(told, ["started", "refused", "ended", "reaped"]);
        // neither keys nor tokens are in what happens
        const happened = printed.text.slice(
          printed.text.indexOf("Ctrl-C stops."),
        );
        assert.ok(!/sb_|eyJ/.test(happened), happened);

        const pids = await descendantsOf(start.pid);
        assert.ok(pids.length >= 3, `${pids.length} processes`);
        start.kill("SIGINT");
        assert.equal(await start.ended, 0);
        assert.match(printed.text, /Stopped\.\n$/);
        await allHaveEnded(pids);
        assert.equal(await answersOn(apiPort), false);
        assert.equal(await answersOn(dbPort), false);
        assert.equal(await answersOn(appPort), false);
        assert.equal(await findRunningStack(`${folder}/a b`), undefined);
      },
    );
  });
});

Deno.test("killed, it leaves nothing running, and the next start has the data", async () => {
  await prepared.withCopy(async (folder) => {
    await withStack(folder, [], async ({ start, apiPort, dbPort }) => {
      await insertUser(dbPort, "kept@example.com");
      const pids = await descendantsOf(start.pid);
      const { pid } = (await findRunningStack(folder))!;
      Deno.kill(pid, "SIGKILL");
      assert.equal(await start.ended, 128 + 9);
      if (canFollowParent()) {
        await allHaveEnded(pids);
        assert.equal(await answersOn(dbPort), false);
      }
      assert.equal(await answersOn(apiPort), false);
    });
    await withStack(folder, [], async ({ dbPort, appPort }) => {
      assert.deepEqual(await emails(dbPort), ["kept@example.com"]);
      assert.equal(await answersOn(appPort), true);
    });
  });
});

Deno.test("all of it killed at once, Postgres too, the next start has the data", async () => {
  await prepared.withCopy(async (folder) => {
    await withStack(folder, [], async ({ start, dbPort }) => {
      await insertUser(dbPort, "kept@example.com");
      for (const pid of [start.pid, ...await descendantsOf(start.pid)]) {
        try {
          Deno.kill(pid, "SIGKILL");
        } catch {
          // it went with another one
        }
      }
      await start.ended;
    });
    await withStack(folder, [], async ({ dbPort }) => {
      assert.deepEqual(await emails(dbPort), ["kept@example.com"]);
    });
  });
});

Deno.test("when what started it is killed, it stops by itself", async () => {
  await prepared.withCopy(async (folder) => {
    await withStack(folder, [], async ({ start, apiPort }) => {
      const pids = await descendantsOf(start.pid);
      start.kill("SIGKILL");
      await allHaveEnded(pids);
      assert.equal(await answersOn(apiPort), false);
    });
  });
});

Deno.test("when Postgres ends, it says so and ends, too", async () => {
  await prepared.withCopy(async (folder) => {
    await withStack(folder, [], async ({ start }) => {
      const pidFile = await Deno.readTextFile(
        `${folder}/postgres/postmaster.pid`,
      );
      Deno.kill(Number(pidFile.split("\n")[0]), "SIGINT");
      assert.equal(await start.ended, 1);
      assert.match(start.printed.text, /Postgres has ended by itself/);
    });
  });
});

Deno.test("a second one on the same folder is refused, and disturbs nothing", async () => {
  await prepared.withCopy(async (folder) => {
    await withStack(folder, [], async ({ apiPort }) => {
      const again = npmStart(["--data", folder]);
      assert.equal(await again.ended, 1);
      assert.match(
        again.printed.text,
        /^The data folder .* is in use by another stack/,
      );
      assert.equal(await answersOn(apiPort), true);
    });
  });
});

for (const [what, option] of [["API", "--api-port"], ["app", "--app-port"]]) {
  Deno.test(`an ${what} port that is taken is named, and nothing is left running`, async () => {
    await prepared.withCopy(async (folder) => {
      const other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = other.addr;
      const dbPort = freePort();
      const ports = {
        "--api-port": freePort(),
        "--app-port": freePort(),
        [option]: port,
        "--db-port": dbPort,
      };
      const start = npmStart([
        ...["--data", folder],
        ...Object.entries(ports).flatMap((given) => given.map(String)),
      ]);
      assert.equal(await start.ended, 1);
      assert.match(
        start.printed.text,
        new RegExp(`^Port ${port}, wanted for the ${what}, .*${option}`),
      );
      assert.doesNotMatch(start.printed.text, /\n {4}at /);
      assert.equal(await answersOn(dbPort), false);
      other.close();
    });
  });
}

const misuses: [args: string[], sentence: RegExp][] = [
  [["--nonsense"], /'--nonsense'/],
  [["extra"], /'extra'/],
  [["--api-port", "0"], /--api-port wants a port/],
  [["--api-port", "http"], /--api-port wants a port/],
  [["--app-port", "70000"], /--app-port wants a port/],
  [["--lease", "5"], /--lease wants a time, such as 5s/],
  [["--reap-every", "soon"], /--reap-every wants a time/],
];
Deno.test("I9 a folder with data of another user, as sudo leaves it, is refused in a sentence", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/postgres`);
    // nobody may read it; root may all the same, unless that right is taken away
    await Deno.chmod(`${folder}/postgres`, 0o000);
    const asUser = Deno.uid() === 0
      ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
      : [];
    const [command, ...args] = [
      ...asUser,
      ...["node", "scripts/run.mjs", "start", "--data", folder],
    ];

    const { code, stderr } = await new Deno.Command(command, {
      args,
      cwd: repositoryRoot,
      stdin: "null",
    }).output();
    // so that the folder can be removed
    await Deno.chmod(`${folder}/postgres`, 0o700);

    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 1, said);
    assert.match(
      said,
      /postgres belongs to \w+, and this user may not use it.*\n {2}sudo chown -R .*\n.*\n {2}sudo rm -r /,
    );
    assert.doesNotMatch(said, /\n\s+at /, "no stack trace");
  });
});

Deno.test("what makes no sense is refused in a sentence, with exit code 2", async () => {
  await Promise.all(misuses.map(async ([args, sentence]) => {
    const start = npmStart(args);
    assert.equal(await start.ended, 2, args.join(" "));
    assert.match(start.printed.text, sentence);
    assert.match(start.printed.text, /--help/);
  }));
});

Deno.test("--help lists every option, and starts nothing", async () => {
  const start = npmStart(["--help"]);
  assert.equal(await start.ended, 0);
  for (
    const option of [
      "--api-port",
      "--db-port",
      "--app-port",
      "--data",
      "--reap-every",
      "--lease",
      "--heartbeat-every",
      "--max-duration",
    ]
  ) assert.ok(start.printed.text.includes(option), option);
});
