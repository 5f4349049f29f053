// PgBouncer in transaction mode, as in front of a hosted project's database: a
// connection of the server serves whoever has a transaction to make.
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "../../../scripts/stack/ports.ts";
import {
  handOver,
  unprivilegedServer,
} from "../../../scripts/stack/unprivileged.ts";
import { debianPackage } from "../../../scripts/test/debian.ts";
import { answersOn, until } from "../stack/support.ts";

/** How it can be started here. */
interface Program {
  file: string;
  env: Record<string, string>;
}

/** What Debian's package needs beside what every Debian has. */
const libraries = ["libevent-2.1-7", "libc-ares2"];

const found = find();

/** Why it cannot be started here, if it cannot. */
export const obstacle = "reason" in found ? found.reason : undefined;

/** A pooler that takes connections. */
export interface Pooler {
  /** The address of the database through it; the role as in the server's. */
  through(url: string): string;
  stop(): Promise<void>;
}

/** Starts it in front of a server, with so many connections to it per role. */
export async function startPooler(
  server: { port: number; folder: string; poolSize: number },
): Promise<Pooler> {
  if ("reason" in found) throw new Error(found.reason);
  const port = freePort();
  const users = join(server.folder, "users.txt");
  const roles = [
    ...["authenticator", "postgres"],
    ...["supabase_admin", "supabase_auth_admin"],
  ];
  fs.writeFileSync(users, roles.map((role) => `"${role}" ""\n`).join(""));
  const config = join(server.folder, "pgbouncer.ini");
  fs.writeFileSync(config, configuration(server, port, users));
  // it may be another user's than ours
  handOver(server.folder);

  const { command, args, options } = unprivilegedServer(found.file, [
    "--quiet",
    config,
  ]);
  const child = spawn(command, args, {
    ...options,
    cwd: "/",
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...found.env },
  });
  let said = "";
  child.stderr.on("data", (bytes) => said += bytes);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  let hasEnded = false;
  exited.then(() => hasEnded = true);
  await until("PgBouncer answers", () => {
    if (hasEnded) throw new Error(`PgBouncer has ended:\n${said}`);
    return answersOn(port);
  });
  return {
    through(url) {
      const through = new URL(url);
      through.port = String(port);
      return through.href;
    },
    async stop() {
      if (!hasEnded) process.kill(child.pid!, "SIGTERM");
      await exited;
    },
  };
}

function configuration(
  server: { port: number; poolSize: number },
  port: number,
  users: string,
): string {
  return `[databases]
* = host=127.0.0.1 port=${server.port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${server.poolSize}
max_client_conn = 200
; the clients' own parameters, which the server has no use for
ignore_startup_parameters = extra_float_digits, statement_timeout, lock_timeout
`;
}

/** Installed, or from Debian's packages. */
function find(): Program | { reason: string } {
  const installed = [...(process.env.PATH ?? "").split(":"), "/usr/sbin"]
    .map((folder) => join(folder, "pgbouncer"))
    .find((file) => fs.existsSync(file));
  if (installed && starts({ file: installed, env: {} })) {
    return { file: installed, env: {} };
  }
  const debian = debianPackage("pgbouncer");
  if (typeof debian !== "string") return debian;
  const file = join(debian, "usr", "sbin", "pgbouncer");
  if (starts({ file, env: {} })) return { file, env: {} };

  const folders = libraries.flatMap((name) => {
    const unpacked = debianPackage(name);
    if (typeof unpacked !== "string") return [];
    const parent = join(unpacked, "usr", "lib");
    return fs.readdirSync(parent).map((triplet) => join(parent, triplet));
  });
  const program = { file, env: { LD_LIBRARY_PATH: folders.join(":") } };
  if (starts(program)) return program;
  return { reason: "Debian's pgbouncer does not start: libraries are missing" };
}

function starts({ file, env }: Program): boolean {
  return spawnSync(file, ["--version"], { env: { ...process.env, ...env } })
    .status === 0;
}
