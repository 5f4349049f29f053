// Brings files of Debian packages into .stack/debian, without installing
// anything: for tools that npm does not have. Where there is no apt, there is a
// reason to say so.
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { repositoryRoot } from "../stack/paths.ts";
import type { Skipped } from "./part.ts";

const store = join(repositoryRoot, ".stack", "debian");

/** A folder with what the package would put into the root folder. */
export function debianPackage(name: string): string | Skipped {
  const folder = join(store, name);
  if (fs.existsSync(folder)) return folder;
  if (!succeeds("apt-get", ["--version"])) {
    return { reason: `${name} is a package of Debian, and this is not Debian` };
  }
  fs.mkdirSync(store, { recursive: true });
  const unpacked = fs.mkdtempSync(join(store, "new-"));
  try {
    const downloaded = download(name, unpacked);
    if (downloaded !== true) return { reason: downloaded };
    const [file] = fs.readdirSync(unpacked);
    execFileSync("dpkg", ["-x", file, "files"], { cwd: unpacked });
    fs.renameSync(join(unpacked, "files"), folder);
    return folder;
  } finally {
    fs.rmSync(unpacked, { recursive: true, force: true });
  }
}

/** The package that a package without files of its own stands for. */
export function debianDependency(name: string): string | Skipped {
  const result = spawnSync("apt-cache", ["depends", "--important", name], {
    encoding: "utf8",
  });
  const found = /Depends: (\S+)/.exec(result.stdout ?? "")?.[1];
  return found ?? { reason: `apt does not know the package ${name}` };
}

function download(name: string, folder: string): true | string {
  const get = () => succeeds("apt-get", ["download", "-qq", name], folder);
  if (get()) return true;
  if (process.getuid?.() !== 0) {
    return `apt-get cannot download ${name}; as root, "apt-get update" may help`;
  }
  // a new machine has no list of packages yet
  succeeds("apt-get", ["update", "-qq"]);
  return get() || `apt-get cannot download ${name}`;
}

function succeeds(command: string, args: string[], cwd?: string): boolean {
  return spawnSync(command, args, { cwd, stdio: "ignore" }).status === 0;
}
