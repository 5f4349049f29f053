// Looks after a Postgres data folder: makes a new one, refuses one that is
// damaged or in use, and clears up after a stack that was killed.
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import type { PostgresMajor } from "./postgres_binaries.ts";
import { StackProblem } from "./problem.ts";
import { handOver, unprivileged } from "./unprivileged.ts";

/** Every byte of `global/pg_control` counts: Postgres writes 8 kB of it. */
const controlFileSize = 8192;

/** How long a Postgres that was left behind may take to shut down. */
const orphanMayTakeMs = 20_000;

/**
 * Takes the folder for this process until the returned function is called, or
 * the process ends in whatever way: the kernel then drops the lock.
 */
export async function takeDataFolder(dataDir: string): Promise<() => void> {
  let file: Deno.FsFile;
  try {
    fs.mkdirSync(path.dirname(dataDir), { recursive: true });
    file = await Deno.open(`${dataDir}.lock`, { create: true, write: true });
  } catch (cause) {
    throw new StackProblem(
      `The data folder ${dataDir} cannot be written to: ` +
        `${(cause as Error).message}.`,
      { cause },
    );
  }
  if (!await file.tryLock(true)) {
    file.close();
    throw new StackProblem(
      `The data folder ${dataDir} is in use by another stack that is running. ` +
        `Stop that one (Ctrl-C), or give this one a folder of its own.`,
    );
  }
  return () => file.close();
}

/** Makes the folder if there is none, and refuses it if it is no good. */
export function prepareDataFolder(
  o: { dataDir: string; major: PostgresMajor; bin: string; durable: boolean },
) {
  removeUnfinished(o.dataDir);
  const isEmpty = !fs.existsSync(o.dataDir) ||
    fs.readdirSync(o.dataDir).length === 0;
  if (isEmpty) return initialise(o);
  handOver(o.dataDir);
  checkIntact(o.dataDir, o.major);
}

/**
 * Stops a Postgres that outlived its stack, and removes a pid file whose
 * process is gone. Call it only while holding the folder's lock.
 */
export async function clearLeftovers(dataDir: string) {
  const pidFile = path.join(dataDir, "postmaster.pid");
  const pid = readPid(pidFile);
  if (pid === undefined) return;
  if (isPostgresOf(pid, dataDir)) {
    process.kill(pid, "SIGINT");
    const deadline = performance.now() + orphanMayTakeMs;
    // the pid file goes a moment before the process and its shared memory do
    while (isPostgresOf(pid, dataDir)) {
      if (performance.now() > deadline) {
        throw new StackProblem(
          `A Postgres left over from an earlier run (process ${pid}) does ` +
            `not stop. End it with: kill -9 ${pid}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  // the number may by now belong to some other program; Postgres, not being
  // able to tell, would refuse to start
  fs.rmSync(pidFile, { force: true });
}

/** initdb works beside the folder and is moved in whole: no half-made ones. */
function initialise(
  o: { dataDir: string; major: PostgresMajor; bin: string; durable: boolean },
) {
  const unfinished = fs.mkdtempSync(`${o.dataDir}.new-`);
  handOver(unfinished);
  // 17 brings a Unicode locale of its own; before, it is the system's
  const locale = o.major >= 17
    ? ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    : ["--locale=C", "--lc-ctype=C.UTF-8"];
  const launch = unprivileged(path.join(o.bin, "initdb"), [
    ...["-D", unfinished, "-U", "supabase_admin", "--auth=trust"],
    ...["--encoding=UTF8", ...locale, "--no-instructions"],
    ...(o.durable ? [] : ["--no-sync"]),
  ]);
  const result = spawnSync(launch.command, launch.args, {
    ...launch.options,
    cwd: "/",
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
  });
  if (result.status !== 0) {
    fs.rmSync(unfinished, { recursive: true, force: true });
    throw new StackProblem(
      `Postgres could not make the data folder ${o.dataDir}: ` +
        (result.stderr || String(result.error ?? "")).trim(),
    );
  }
  fs.renameSync(unfinished, o.dataDir);
}

function removeUnfinished(dataDir: string) {
  const parent = path.dirname(dataDir);
  const prefix = `${path.basename(dataDir)}.new-`;
  for (const name of fs.readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    fs.rmSync(path.join(parent, name), { recursive: true, force: true });
  }
}

function checkIntact(dataDir: string, major: PostgresMajor) {
  const afresh = `Delete it to start afresh; what it holds is then lost.`;
  const read = (name: string) => {
    try {
      return fs.readFileSync(path.join(dataDir, name));
    } catch (cause) {
      throw new StackProblem(
        `The data folder ${dataDir} is damaged: ${name} cannot be read. ` +
          afresh,
        { cause },
      );
    }
  };
  const version = read("PG_VERSION").toString("utf8").trim();
  if (!/^\d{2}$/.test(version)) {
    throw new StackProblem(
      `The data folder ${dataDir} is damaged: PG_VERSION holds no version. ` +
        afresh,
    );
  }
  if (Number(version) !== major) {
    throw new StackProblem(
      `The data folder ${dataDir} was made by Postgres ${version}, and this ` +
        `is Postgres ${major}. ${afresh}`,
    );
  }
  if (read("global/pg_control").length !== controlFileSize) {
    throw new StackProblem(
      `The data folder ${dataDir} is damaged: global/pg_control has not the ` +
        `right size. ${afresh}`,
    );
  }
}

function readPid(pidFile: string): number | undefined {
  let text: string;
  try {
    text = fs.readFileSync(pidFile, "utf8");
  } catch {
    return undefined;
  }
  const pid = Number(text.split("\n")[0]);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

function isPostgresOf(pid: number, dataDir: string): boolean {
  const line = commandLine(pid);
  return line.includes("postgres") && line.includes(dataDir);
}

/** Empty for a process that is gone or only waits to be collected. */
function commandLine(pid: number): string {
  try {
    if (process.platform === "linux") {
      return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8");
    }
    return execFileSync("ps", ["-o", "args=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return "";
  }
}
