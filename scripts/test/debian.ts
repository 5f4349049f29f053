// Unpacks Debian packages into .stack/debian without installing them, for tools
// that are not on npm. Without apt, the answer is the reason for a skip.
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { repositoryRoot } from "../stack/paths.ts";
import type { Skipped } from "./part.ts";

const store = join(repositoryRoot, ".stack", "debian");

/** A folder with the files of the package. */
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
    // another run may have been first
    if (!fs.existsSync(folder)) fs.renameSync(join(unpacked, "files"), folder);
    return folder;
  } finally {
    fs.rmSync(unpacked, { recursive: true, force: true });
  }
}

/** The package that a metapackage depends on. */
export function debianDependency(name: string): string | Skipped {
  return fromApt(name, () => {
    const printed = apt("apt-cache", ["depends", "--important", name]);
    return /Depends: (\S+)/.exec(printed)?.[1];
  });
}

/** What `ask` finds, after an update if need be: a new machine has no lists. */
function fromApt(
  name: string,
  ask: () => string | undefined,
): string | Skipped {
  if (!apt("apt-get", ["--version"])) {
    return { reason: `${name} is a Debian package, and apt is not installed` };
  }
  const found = ask();
  if (found) return found;
  if (process.getuid?.() !== 0) {
    return {
      reason: `apt does not find ${name}; "apt-get update" as root may help`,
    };
  }
  apt("apt-get", ["update", "-qq"]);
  return ask() ?? { reason: `apt does not find ${name}` };
}

/** Its output; empty if it cannot be run. */
function apt(command: string, args: string[], cwd?: string): string {
  const { stdout } = spawnSync(command, args, { cwd, encoding: "utf8" });
  return stdout ?? "";
}
