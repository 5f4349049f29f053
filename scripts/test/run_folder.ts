// The folder that a test run keeps everything in: its servers' data, and what
// it and the programs it starts would put in the system's folder for such files.
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { clearLeftovers } from "../stack/data_folder.ts";

// not in the repository, whose deno.json would count for what is in it
const parent = tmpdir();
const prefix = "interview-sessions-test-";

/** A folder of a run's own. */
export interface RunFolder {
  path: string;
  /** Removes it and all that is in it. */
  remove(): void;
}

/** Makes a folder, and removes those of runs that were killed. */
export async function makeRunFolder(): Promise<RunFolder> {
  await removeThoseLeftBehind();
  const path = fs.mkdtempSync(join(parent, prefix));
  const lock = await Deno.open(lockOf(path), { create: true, write: true });
  await lock.lock(true);
  const temporary = join(path, "tmp");
  fs.mkdirSync(temporary);
  // started by root, Postgres is another user
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

async function removeThoseLeftBehind() {
  for (const name of fs.readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    const lock = await lockOfNobody(path);
    if (!lock) continue;
    for (const entry of fs.readdirSync(path)) {
      await clearLeftovers(join(path, entry));
    }
    fs.rmSync(path, { recursive: true, force: true });
    lock.close();
  }
}

/** The kernel drops a lock with its holder: what can be locked was left. */
async function lockOfNobody(path: string): Promise<Deno.FsFile | undefined> {
  try {
    if (fs.lstatSync(path).uid !== process.getuid?.()) return;
    const lock = await Deno.open(lockOf(path), { write: true });
    if (await lock.tryLock(true)) return lock;
    lock.close();
  } catch {
    // it is another user's, or not yet locked, or just removed
  }
}

function lockOf(path: string): string {
  return join(path, "in-use.lock");
}
