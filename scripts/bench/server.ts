// The server that is measured: a Postgres 17 of its own with fsync on, and in it
// a database for each party, so that nobody's rows are in another's way.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import {
  bootstrapCluster,
  bootstrapDatabase,
  cloneDatabase,
} from "../stack/bootstrap.ts";
import { pushMigrations } from "../stack/migrations.ts";
import { freePort } from "../stack/ports.ts";
import { type PostgresServer, startPostgres } from "../stack/postgres.ts";

/** What differs from Postgres' own defaults, and why. */
export const settings: Record<string, string> = {
  // a small instance of a hosted project has about as much
  shared_buffers: "1GB",
  // a checkpoint in one party's turn would be counted against it alone; there
  // is one between the questions
  checkpoint_timeout: "1h",
  max_wal_size: "8GB",
  // an advisory lock for each session needs room
  max_locks_per_transaction: "1024",
  shared_preload_libraries: "pg_stat_statements",
  "pg_stat_statements.track": "none",
};

/** The server and its databases. */
export interface BenchServer {
  port: number;
  superuserUrl: string;
  /** What the server says it is. */
  version: string;
  /** Copies the migrated template, once, and prepares the copy. */
  database(name: string, setUp: string): Promise<BenchDatabase>;
  /** Seconds on a processor of all connections that have ended. */
  cpuSeconds(): number;
  /** Its processes at this moment. */
  processes(): string[];
  /** Waits for those that have come since: their time counts when they go. */
  connectionsHaveEnded(before: string[]): Promise<void>;
  /** Is that known here? */
  knowsCpu: boolean;
  stop(): Promise<void>;
}

/** A database of a party. */
export interface BenchDatabase {
  name: string;
  /** As a superuser. */
  sql: postgres.Sql;
  /** A connection string. */
  url(role?: string): string;
}

const superuser = "supabase_admin";
const template = "template_migrated";

/** Starts it in this folder. */
export async function startBenchServer(folder: string): Promise<BenchServer> {
  const start = () =>
    startPostgres({
      major: 17,
      dataDir: join(folder, "postgres"),
      port: freePort(),
      durable: true,
      logFile: join(folder, "postgres.log"),
    });
  const unset = await start();
  await configure(unset);
  await unset.stop();
  const server = await start();
  await bootstrapCluster(server);
  await bootstrapDatabase(server, template);
  await pushMigrations(server.url(template));

  const open = new Map<string, BenchDatabase>();
  const admin = connect(server.url("postgres", superuser));
  const [{ version }] = await admin`select version()`;
  const postmaster = pidOf(server);
  return {
    port: server.port,
    superuserUrl: server.url("postgres", superuser),
    version,
    async database(name, setUp) {
      const known = open.get(name);
      if (known) return known;
      await cloneDatabase(server, template, name);
      const url = (role = superuser) => server.url(name, role);
      const sql = connect(url());
      const database = { name, sql, url };
      open.set(name, database);
      await sql.unsafe(`create extension pg_stat_statements`);
      await sql.unsafe(setUp).simple();
      return database;
    },
    knowsCpu: fs.existsSync(`/proc/${postmaster}/stat`),
    cpuSeconds: () => cpuSecondsOfChildren(postmaster),
    processes: () => childrenOf(postmaster),
    async connectionsHaveEnded(before) {
      // one of autovacuum's may have come, too, and stay longer
      const deadline = performance.now() + 500;
      const others = () =>
        childrenOf(postmaster).some((pid) => !before.includes(pid));
      while (others() && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async stop() {
      await Promise.all([...open.values()].map(({ sql }) => sql.end()));
      await admin.end();
      await server.stop();
    },
  };
}

async function configure(server: PostgresServer) {
  const sql = connect(server.url("postgres", superuser));
  for (const [name, value] of Object.entries(settings)) {
    // what a library brings with it cannot be set before it is there
    const quoted = value.replaceAll("'", "''");
    if (!name.includes(".")) {
      await sql.unsafe(`alter system set ${name} = '${quoted}'`);
    }
  }
  fs.appendFileSync(
    join(server.dataDir, "postgresql.conf"),
    Object.entries(settings).filter(([name]) => name.includes("."))
      .map(([name, value]) => `\n${name} = '${value}'`).join(""),
  );
  await sql.end();
}

/** Connects to a database of the server. */
export function connect(url: string): postgres.Sql {
  return postgres(url, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: "bench" },
  });
}

function pidOf(server: PostgresServer): number {
  const file = join(server.dataDir, "postmaster.pid");
  return Number(fs.readFileSync(file, "utf8").split("\n")[0]);
}

let knownTicks: number | undefined;

function cpuSecondsOfChildren(postmaster: number): number {
  const file = `/proc/${postmaster}/stat`;
  if (!fs.existsSync(file)) return NaN;
  // after the name, which may hold blanks: cutime and cstime are 14th and 15th
  const fields = fs.readFileSync(file, "utf8").split(") ")[1].split(" ");
  knownTicks ??= Number(execFileSync("getconf", ["CLK_TCK"]));
  return (Number(fields[13]) + Number(fields[14])) / knownTicks;
}

function childrenOf(pid: number): string[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (!fs.existsSync(file)) return [];
  return fs.readFileSync(file, "utf8").trim().split(" ");
}
