// Starts and stops a private, real Postgres from the binaries npm installed:
// no Docker, no system packages, one data folder, one port on 127.0.0.1.
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import {
  clearLeftovers,
  prepareDataFolder,
  takeDataFolder,
} from "./data_folder.ts";
import { portTaken, requireFreePort } from "./ports.ts";
import { postgresBinaries, type PostgresMajor } from "./postgres_binaries.ts";
import { StackProblem } from "./problem.ts";
import { unprivilegedServer } from "./unprivileged.ts";

export { hasPostgres, type PostgresMajor } from "./postgres_binaries.ts";

/** What a server is started with. */
export interface PostgresOptions {
  /** Its version. */
  major: PostgresMajor;
  /** Where its data is; made if it is not there. */
  dataDir: string;
  /** Its TCP port on 127.0.0.1. */
  port: number;
  /** Must the data survive a power cut? Tests are faster without. */
  durable: boolean;
  /** Where its log goes; appended to. */
  logFile: string;
  /** The folder of its programs, if they are not npm's. */
  bin?: string;
  /** Settings in addition to the usual ones. */
  settings?: Record<string, string>;
}

/** A server that accepts connections. */
export interface PostgresServer {
  /** Its version. */
  major: PostgresMajor;
  /** Its TCP port on 127.0.0.1. */
  port: number;
  /** Where its data is. */
  dataDir: string;
  /** A connection string; database and role are `postgres` unless given. */
  url(database?: string, role?: string): string;
  /** Stops it: open connections are ended, nothing committed is lost. */
  stop(): Promise<void>;
  /** Its exit code, once it has ended, whoever ended it. */
  exited: Promise<number>;
}

/** How long a clean shutdown may take before it is forced. */
const shutdownMayTakeMs = 10_000;

/** How long the backends of a postmaster that was killed may take to end. */
const backendsMayTakeMs = 10_000;

/** Starts a server and waits until it accepts connections. */
export async function startPostgres(
  o: PostgresOptions,
): Promise<PostgresServer> {
  const { major, port } = o;
  const dataDir = path.resolve(o.dataDir);
  const logFile = path.resolve(o.logFile);
  const bin = o.bin ?? postgresBinaries(major);
  const release = await takeDataFolder(dataDir);
  try {
    await clearLeftovers(dataDir);
    requireFreePort(port, "Postgres", "--db-port");
    prepareDataFolder({ dataDir, major, bin, durable: o.durable });
    fs.mkdirSync(path.dirname(logFile), { recursive: true });

    const server = await launchUntilReady({ ...o, bin, dataDir, logFile });
    let hasEnded = false;
    const exited = server.exited.finally(() => {
      hasEnded = true;
      release();
    });
    return {
      major,
      port,
      dataDir,
      url: (database = "postgres", role = "postgres") =>
        `postgres://${encodeURIComponent(role)}@127.0.0.1:${port}/` +
        encodeURIComponent(database),
      stop: async () => {
        if (!hasEnded) await stop(server);
      },
      exited,
    };
  } catch (error) {
    release();
    throw error;
  }
}

interface Running {
  pid: number | undefined;
  exited: Promise<number>;
}

type Launch = PostgresOptions & { bin: string };

/**
 * Launches until it accepts connections. When a postmaster is killed, its
 * backends end a moment later; until then Postgres refuses to start beside them.
 */
async function launchUntilReady(o: Launch): Promise<Running> {
  const giveUpAt = performance.now() + backendsMayTakeMs;
  while (true) {
    const logFrom = fs.existsSync(o.logFile) ? fs.statSync(o.logFile).size : 0;
    const server = launch(o);
    const ended = await ready(server, o.dataDir);
    if (ended === undefined) return server;

    const log = fs.readFileSync(o.logFile).subarray(logFrom).toString("utf8");
    const backendsRemain = /pre-existing shared memory block/.test(log);
    if (!backendsRemain || performance.now() > giveUpAt) {
      throw startFailure(o, log, ended);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function launch(o: Launch): Running {
  const { bin, dataDir, logFile } = o;
  const settings: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    port: String(o.port),
    // TCP is enough; the path of a socket file may be too long for the system
    unix_socket_directories: "",
    // in the data folder: what a killed server leaves in /dev/shm stays there
    dynamic_shared_memory_type: "mmap",
    max_connections: "300",
    // a shutdown waits so long for a client that connects and says nothing
    authentication_timeout: "5s",
    log_min_messages: "warning",
    log_checkpoints: "off",
    timezone: "UTC",
    ...(o.durable ? {} : {
      fsync: "off",
      synchronous_commit: "off",
      full_page_writes: "off",
    }),
    ...o.settings,
  };
  const { command, args, options } = unprivilegedServer(
    path.join(bin, "postgres"),
    [
      "-D",
      dataDir,
      ...Object.entries(settings).flatMap(([k, v]) => ["-c", `${k}=${v}`]),
    ],
  );
  const log = fs.openSync(logFile, "a");
  try {
    const child = spawn(command, args, {
      ...options,
      cwd: "/",
      // a process group of its own: Ctrl-C in the terminal reaches only us, and
      // we stop things in order
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
    });
    const exited = new Promise<number>((resolve) => {
      child.once("exit", (code) => resolve(code ?? -1));
      child.once("error", () => resolve(-1));
    });
    return { pid: child.pid, exited };
  } finally {
    fs.closeSync(log);
  }
}

/**
 * Waits as `pg_ctl -w` does: the eighth line of postmaster.pid says "ready".
 * The answer is the exit code of a server that ended instead.
 */
async function ready(
  server: Running,
  dataDir: string,
): Promise<number | undefined> {
  let ended: number | undefined;
  server.exited.then((code) => ended = code);
  while (ended === undefined) {
    let lines: string[] = [];
    try {
      const pidFile = path.join(dataDir, "postmaster.pid");
      lines = fs.readFileSync(pidFile, "utf8").split("\n");
    } catch {
      // not written yet
    }
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === "ready") {
      return undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return ended;
}

function startFailure(
  { dataDir, port, logFile }: Launch,
  log: string,
  code: number,
): StackProblem {
  if (/could not bind .*Address already in use/.test(log)) {
    return portTaken(port, "Postgres", "--db-port");
  }
  const reasons = log.split("\n").filter((line) => /FATAL|PANIC/.test(line))
    .map((line) => line.replace(/^.*?(FATAL|PANIC):\s*/, "")).slice(0, 2);
  const why = reasons.join("; ") || `it ended with code ${code}`;
  return new StackProblem(
    `Postgres could not start with the data folder ${dataDir}: ${why}. ` +
      `Its log is ${logFile}. If the folder is damaged, delete it to start ` +
      `afresh; what it holds is then lost.`,
  );
}

async function stop({ pid, exited }: Running) {
  // not the child's own kill(): Deno then says at once that it has ended
  const tell = (signal: "SIGINT" | "SIGQUIT") => {
    try {
      if (pid !== undefined) process.kill(pid, signal);
    } catch {
      // it has ended already
    }
  };
  tell("SIGINT");
  const force = setTimeout(() => tell("SIGQUIT"), shutdownMayTakeMs);
  await exited;
  clearTimeout(force);
}
