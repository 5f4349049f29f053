// Shared by the tests of the stack: folders that are removed, a bare Postgres,
// connections and processes.
import postgres from "postgres";
import {
  bootstrapCluster,
  bootstrapDatabase,
} from "../../../scripts/stack/bootstrap.ts";
import { freePort } from "../../../scripts/stack/ports.ts";
import {
  type PostgresServer,
  startPostgres,
} from "../../../scripts/stack/postgres.ts";

export { until } from "../waiting.ts";

/** Runs `work` with a folder that is removed afterwards. */
export async function withFolder(
  work: (folder: string) => Promise<void>,
  o: { prefix?: string } = {},
) {
  const folder = await Deno.makeTempDir({ prefix: o.prefix ?? "stack-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Copies a folder to a place where nothing is yet. */
export async function copyFolder(from: string, to: string) {
  // fs.cp() takes longer for a data folder than initdb does to make one
  const { success, stderr } = await new Deno.Command("cp", {
    args: ["-R", from, to],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Starts a Postgres 17 on `folder`, on a free port unless told. */
export async function postgresIn(
  folder: string,
  o: { port?: number; dataDir?: string } = {},
): Promise<PostgresServer> {
  return await startPostgres({
    major: 17,
    dataDir: o.dataDir ?? `${folder}/data`,
    port: o.port ?? freePort(),
    durable: false,
    logFile: `${folder}/postgres.log`,
  });
}

/** A server with one database made ready, for all tests of a file. */
export async function preparedServer(): Promise<
  { server: PostgresServer; folder: string; remove(): Promise<void> }
> {
  const folder = await Deno.makeTempDir({ prefix: "stack-" });
  const server = await postgresIn(folder);
  await bootstrapCluster(server);
  await bootstrapDatabase(server, "postgres");
  return {
    server,
    folder,
    async remove() {
      await server.stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Runs `work` with one connection. */
export async function connected<T>(
  url: string,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Is something listening on this port? */
export async function answersOn(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

/** Does this process exist, and is it more than a record to be collected? */
export function isAlive(pid: number): boolean {
  try {
    if (Deno.build.os === "linux") {
      const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
      return !/\) [ZX] /.test(stat);
    }
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}

/** The processes that this one started, and those that they did, and so on. */
export async function descendantsOf(pid: number): Promise<number[]> {
  const parents = await allParents();
  const found = [pid];
  for (const ancestor of found) {
    for (const [child, parent] of parents) {
      if (parent === ancestor) found.push(child);
    }
  }
  return found.slice(1);
}

async function allParents(): Promise<[pid: number, parent: number][]> {
  if (Deno.build.os !== "linux") {
    const ps = new Deno.Command("ps", { args: ["-Ao", "pid=,ppid="] });
    const text = new TextDecoder().decode((await ps.output()).stdout);
    return text.trim().split("\n").map((line) =>
      line.trim().split(/\s+/).map(Number) as [number, number]
    );
  }
  const parents: [number, number][] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = Deno.readTextFileSync(`/proc/${name}/stat`);
      const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      parents.push([Number(name), Number(parent)]);
    } catch {
      // it has just ended
    }
  }
  return parents;
}
