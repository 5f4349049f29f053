// The folder for everything that a test run writes: the data of its servers, and
// the temporary files of the programs that it starts.
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { clearLeftovers } from "../stack/data_folder.ts";
import { StackProblem } from "../stack/problem.ts";

const prefix = "interview-sessions-test-";

/** A tmpfs on most Linux systems. */
const memory = "/dev/shm";

/** A run takes well under 1 GiB; a machine with so little keeps it on disk. */
const memoryNeeded = 4 * 1024 ** 3;

/** The folder of one run. */
export interface RunFolder {
  path: string;
  /** Removes it with its contents. */
  remove(): void;
}

/** Makes a folder, and removes those of runs that were killed. */
export async function makeRunFolder(): Promise<RunFolder> {
  const parent = parentFolder();
  await removeLeftovers(parent);
  const path = fs.mkdtempSync(join(parent, prefix));
  const lock = await Deno.open(lockOf(path), { create: true, write: true });
  await lock.lock(true);
  const temporary = join(path, "tmp");
  fs.mkdirSync(temporary);
  // when root runs the tests, Postgres runs as another user
  for (const folder of [path, temporary]) fs.chmodSync(folder, 0o711);
  // for this process and all that it starts
  Deno.env.set("TMPDIR", temporary);
  return {
    path,
    remove() {
      fs.rmSync(path, { recursive: true, force: true });
      lock.close();
    },
  };
}

/**
 * In memory if possible: copying and dropping hundreds of databases creates and
 * deletes hundreds of thousands of files, which some file systems are slow at.
 * Never inside the repository, whose deno.json would apply to it.
 */
function parentFolder(): string {
  const isChosen = Boolean(process.env.TMPDIR);
  if (!isChosen && hasRoomInMemory()) return memory;
  const folder = tmpdir();
  if (!canWriteIn(folder)) {
    throw new StackProblem(
      `${folder} ${isChosen ? "(TMPDIR) " : ""}is not a folder to which ` +
        `temporary files can be written.`,
    );
  }
  return folder;
}

function canWriteIn(folder: string): boolean {
  try {
    fs.rmdirSync(fs.mkdtempSync(join(folder, prefix)));
    return true;
  } catch {
    return false;
  }
}

function hasRoomInMemory(): boolean {
  try {
    const { bavail, bsize } = fs.statfsSync(memory);
    return bavail * bsize >= memoryNeeded && canRunProgramsIn(memory);
  } catch {
    return false;
  }
}

/** Tests write scripts and run them, which a mount option may forbid. */
function canRunProgramsIn(parent: string): boolean {
  const folder = fs.mkdtempSync(join(parent, prefix));
  try {
    const program = join(folder, "program");
    fs.writeFileSync(program, "#!/bin/sh\n", { mode: 0o755 });
    return spawnSync(program).status === 0;
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

async function removeLeftovers(parent: string) {
  for (const name of fs.readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    const lock = await lockLeftBehind(path);
    if (!lock) continue;
    for (const entry of fs.readdirSync(path)) {
      await clearLeftovers(join(path, entry));
    }
    fs.rmSync(path, { recursive: true, force: true });
    lock.close();
  }
}

/** The kernel releases the lock of a process that ends: a free lock was left. */
async function lockLeftBehind(path: string): Promise<Deno.FsFile | undefined> {
  try {
    const { uid, mtimeMs } = fs.lstatSync(path);
    if (uid !== process.getuid?.()) return;
    // a run makes its lock just after its folder; what a killed run has started
    // can make the folder anew, without a lock
    const create = Date.now() - mtimeMs > 60_000;
    const lock = await Deno.open(lockOf(path), { write: true, create });
    if (await lock.tryLock(true)) return lock;
    lock.close();
  } catch {
    // not locked yet, or just removed
  }
}

function lockOf(path: string): string {
  return join(path, "in-use.lock");
}
