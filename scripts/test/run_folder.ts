// The folder that a test run keeps everything in: its servers' data, and what
// it and the programs it starts would put in the system's folder for such files.
import * as fs from "node:fs";
import { join } from "node:path";
import { clearLeftovers } from "../stack/data_folder.ts";
import { repositoryRoot } from "../stack/paths.ts";

const parent = join(repositoryRoot, ".stack");
const prefix = "test-";

/** A folder of a run's own. */
export interface RunFolder {
  path: string;
  /** Removes it and all that is in it. */
  remove(): void;
}

/** Makes a folder, and removes those of runs that were killed. */
export async function makeRunFolder(): Promise<RunFolder> {
  fs.mkdirSync(parent, { recursive: true });
  await removeThoseLeftBehind();
  const path = fs.mkdtempSync(join(parent, prefix));
  const lock = await Deno.open(lockOf(path), { create: true, write: true });
  await lock.lock(true);
  const temporary = join(path, "tmp");
  fs.mkdirSync(temporary);
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

/** The kernel drops a lock with its holder: whatever can be locked is nobody's. */
async function removeThoseLeftBehind() {
  for (const name of fs.readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    if (!fs.existsSync(lockOf(path))) continue;
    const lock = await Deno.open(lockOf(path), { write: true });
    if (await lock.tryLock(true)) {
      for (const entry of fs.readdirSync(path)) {
        await clearLeftovers(join(path, entry));
      }
      fs.rmSync(path, { recursive: true, force: true });
    }
    lock.close();
  }
}

function lockOf(path: string): string {
  return join(path, "in-use.lock");
}
