// The server: what is said when it cannot start, and what it survives.
import assert from "node:assert/strict";
import postgres, { type Sql } from "postgres";
import {
  hasPostgres,
  type PostgresMajor,
  type PostgresServer,
  startPostgres,
} from "../../../scripts/stack/postgres.ts";
import { freePort } from "../../../scripts/stack/ports.ts";
import { StackProblem } from "../../../scripts/stack/problem.ts";
import {
  answersOn,
  connected,
  copyFolder,
  postgresIn,
  until,
  withFolder,
} from "./support.ts";

/** Expects a sentence for a person, made of these pieces. */
async function assertProblem(work: Promise<unknown>, ...pieces: string[]) {
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof StackProblem, String(error));
    for (const piece of pieces) {
      assert.ok(error.message.includes(piece), error.message);
    }
    return true;
  });
}

/** The data of a server that was stopped: made once, copied. */
let prepared: string;

Deno.test.beforeAll(async () => {
  prepared = await Deno.makeTempDir({ prefix: "prepared-" });
  await startAndStopIn(prepared);
});

Deno.test.afterAll(() => Deno.remove(prepared, { recursive: true }));

/** Its folder of data, after a server has used it. */
async function startAndStopIn(folder: string): Promise<string> {
  const server = await postgresIn(folder);
  await server.stop();
  return server.dataDir;
}

/** The folder of data of a server that was stopped. */
async function stoppedServerIn(folder: string): Promise<string> {
  await copyFolder(`${prepared}/data`, `${folder}/data`);
  return `${folder}/data`;
}

/** Starts a server on data that is there already. */
async function runningServerIn(folder: string): Promise<PostgresServer> {
  await stoppedServerIn(folder);
  return await postgresIn(folder);
}

Deno.test("a port that is taken is named, with what to do", async () => {
  await withFolder(async (folder) => {
    const other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = other.addr;
    await assertProblem(
      postgresIn(folder, { port }),
      `Port ${port}`,
      "--db-port",
    );
    other.close();
    // and the folder is free for the next try
    await startAndStopIn(folder);
  });
});

Deno.test("a data folder without PG_VERSION is damaged, and kept", async () => {
  await withFolder(async (folder) => {
    const dataDir = await stoppedServerIn(folder);
    await Deno.remove(`${dataDir}/PG_VERSION`);
    await assertProblem(
      postgresIn(folder),
      dataDir,
      "PG_VERSION",
      "Delete it to start afresh",
    );
    assert.ok((await Deno.stat(`${dataDir}/global`)).isDirectory);
  });
});

Deno.test("a data folder with nonsense in PG_VERSION is damaged", async () => {
  await withFolder(async (folder) => {
    const dataDir = await stoppedServerIn(folder);
    await Deno.writeTextFile(`${dataDir}/PG_VERSION`, "\u0000\u0001");
    await assertProblem(
      postgresIn(folder),
      dataDir,
      "PG_VERSION",
      "Delete it to start afresh",
    );
  });
});

Deno.test("a data folder with a cut control file is damaged", async () => {
  await withFolder(async (folder) => {
    const dataDir = await stoppedServerIn(folder);
    await Deno.truncate(`${dataDir}/global/pg_control`, 100);
    await assertProblem(
      postgresIn(folder),
      dataDir,
      "pg_control",
      "Delete it to start afresh",
    );
  });
});

Deno.test("a data folder with a garbled control file is damaged", async () => {
  await withFolder(async (folder) => {
    const dataDir = await stoppedServerIn(folder);
    await Deno.writeFile(
      `${dataDir}/global/pg_control`,
      new Uint8Array(8192).fill(7),
    );
    await assertProblem(
      postgresIn(folder),
      dataDir,
      "delete it to start afresh",
      "postgres.log",
    );
  });
});

Deno.test("a data folder of another version is named with both versions", async () => {
  await withFolder(async (folder) => {
    const dataDir = await stoppedServerIn(folder);
    await Deno.writeTextFile(`${dataDir}/PG_VERSION`, "15\n");
    await assertProblem(
      postgresIn(folder),
      dataDir,
      "Postgres 15",
      "Postgres 17",
      "Delete it",
    );
  });
});

Deno.test("a version without binaries is named", async () => {
  const missing = ([16, 18] as PostgresMajor[]).find((major) =>
    !hasPostgres(major)
  );
  if (!missing) return;
  await withFolder(async (folder) => {
    const o = { port: freePort(), durable: false, logFile: `${folder}/log` };
    await assertProblem(
      startPostgres({ ...o, major: missing, dataDir: `${folder}/data` }),
      `no Postgres ${missing}`,
      Deno.build.arch === "x86_64" ? "x64" : "arm64",
    );
  });
});

async function killPostmaster({ dataDir, exited }: PostgresServer) {
  const pidFile = await Deno.readTextFile(`${dataDir}/postmaster.pid`);
  Deno.kill(Number(pidFile.split("\n")[0]), "SIGKILL");
  await exited;
}

Deno.test("a data folder in use is refused, and its server not disturbed", async () => {
  await withFolder(async (folder) => {
    const first = await runningServerIn(folder);
    await assertProblem(
      postgresIn(folder),
      first.dataDir,
      "in use by another stack",
    );
    await connected(
      first.url("postgres", "supabase_admin"),
      (sql) => sql`select 1`,
    );
    await first.stop();
  });
});

Deno.test("a folder with a blank in its name will do", async () => {
  await withFolder(async (folder) => {
    const server = await postgresIn(folder, {
      dataDir: `${folder}/my data/of it`,
    });
    assert.equal(await answersOn(server.port), true);
    await server.stop();
    assert.equal(await answersOn(server.port), false);
  });
});

Deno.test("a server that is killed leaves data that the next start finds", async () => {
  await withFolder(async (folder) => {
    const first = await runningServerIn(folder);
    await connected(first.url("postgres", "supabase_admin"), async (sql) => {
      await sql`create table kept as select 42 as answer`;
      await sql`checkpoint`;
    });
    await killPostmaster(first);
    const memory = await Array.fromAsync(
      Deno.readDir(`${first.dataDir}/pg_dynshmem`),
    );
    assert.notEqual(memory.length, 0, "its memory is left elsewhere");

    const second = await postgresIn(folder);
    const rows = await connected(
      second.url("postgres", "supabase_admin"),
      (sql) => sql`select answer from kept`,
    );
    assert.deepEqual([...rows], [{ answer: 42 }]);
    await second.stop();
  });
});

Deno.test("a start waits for the backends of a postmaster that was killed", async () => {
  await withFolder(async (folder) => {
    const first = await runningServerIn(folder);
    const url = first.url("postgres", "supabase_admin");
    const sql = postgres(url, { max: 1, fetch_types: false });
    const [{ pid }] = await sql<{ pid: number }[]>`
      select pg_backend_pid() as pid`;
    const log = `${folder}/postgres.log`;
    let starting: Promise<PostgresServer>;
    // a stopped backend cannot notice that its postmaster is gone
    Deno.kill(pid, "SIGSTOP");
    try {
      await killPostmaster(first);
      starting = postgresIn(folder);
      await until("the start finds the backend", async () => {
        return (await Deno.readTextFile(log)).includes("still in use");
      });
    } finally {
      Deno.kill(pid, "SIGCONT");
    }
    await (await starting).stop();
    await sql.end({ timeout: 0 });
  });
});

Deno.test("a pid file that names some other process is no obstacle", async () => {
  await withFolder(async (folder) => {
    const dataDir = await stoppedServerIn(folder);
    await Deno.writeTextFile(
      `${dataDir}/postmaster.pid`,
      `${Deno.pid}\n${dataDir}\n`,
    );
    await startAndStopIn(folder);
  });
});

Deno.test("a folder that was half made when its maker was killed is made anew", async () => {
  await withFolder(async (folder) => {
    const unfinished = `${folder}/data.new-abc`;
    await Deno.mkdir(`${unfinished}/base`, { recursive: true });
    await startAndStopIn(folder);
    await assert.rejects(Deno.stat(unfinished), Deno.errors.NotFound);
  });
});

Deno.test("stopping ends connections that are open", async () => {
  await withFolder(async (folder) => {
    const server = await runningServerIn(folder);
    const url = server.url("postgres", "supabase_admin");
    const sleepers = (sql: Sql) =>
      sql`select from pg_stat_activity where query like '%pg_sleep(3600)%'
          and state = 'active' and pid <> pg_backend_pid()`;
    await connected(url, async (sleeper) => {
      const asleep = sleeper`select pg_sleep(3600)`.catch(({ code }) => code);
      await connected(
        url,
        (sql) =>
          until("it sleeps", async () => (await sleepers(sql)).length === 1),
      );
      await server.stop();
      assert.equal(await server.exited, 0);
      assert.equal(await asleep, "CONNECTION_CLOSED");
    });
    assert.equal(await answersOn(server.port), false);
  });
});
