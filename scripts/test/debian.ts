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
  fs.mkdirSync(store, { recursive: true });
  const unpacked = fs.mkdtempSync(join(store, "new-"));
  try {
    const file = fromApt(name, () => {
      apt("apt-get", ["download", "-qq", name], unpacked);
      return fs.readdirSync(unpacked)[0];
    });
    if (typeof file !== "string") return file;
    execFileSync("dpkg", ["-x", file, "files"], { cwd: unpacked });
    // another run may have been faster
    if (!fs.existsSync(folder)) fs.renameSync(join(unpacked, "files"), folder);
    return folder;
  } finally {
    fs.rmSync(unpacked, { recursive: true, force: true });
  }
}

/** The package that a package without files of its own stands for. */
export function debianDependency(name: string): string | Skipped {
  return fromApt(name, () => {
    const printed = apt("apt-cache", ["depends", "--important", name]);
    return /Depends: (\S+)/.exec(printed)?.[1];
  });
}

/** What `ask` finds; a new machine has no list of packages yet. */
function fromApt(
  name: string,
  ask: () => string | undefined,
): string | Skipped {
  if (!apt("apt-get", ["--version"])) {
    return { reason: `${name} is a package of Debian; there is no apt here` };
  }
  const found = ask();
  if (found) return found;
  if (process.getuid?.() !== 0) {
    return {
      reason: `apt does not find ${name}; "apt-get update", as root, may help`,
    };
  }
  apt("apt-get", ["update", "-qq"]);
  return ask() ?? { reason: `apt does not find ${name}` };
}

/** What it prints; empty if it cannot be run. */
function apt(command: string, args: string[], cwd?: string): string {
  const { stdout } = spawnSync(command, args, { cwd, encoding: "utf8" });
  return stdout ?? "";
}
