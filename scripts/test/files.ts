// Finds files of the repository.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../stack/paths.ts";

/** The files below a folder with this ending, sorted; none if the folder does
 * not exist. All paths are relative to the repository. */
export function filesBelow(folder: string, ending: string): string[] {
  if (!fs.existsSync(join(repositoryRoot, folder))) return [];
  return fs.readdirSync(join(repositoryRoot, folder), { withFileTypes: true })
    .filter((entry) => entry.name !== "node_modules")
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return filesBelow(path, ending);
      return path.endsWith(ending) ? [path] : [];
    })
    .sort();
}

/** The text of a file of the repository. */
export function textOf(file: string): string {
  return fs.readFileSync(join(repositoryRoot, file), "utf8");
}

/** Does this file or folder exist? */
export function exists(path: string): boolean {
  return fs.existsSync(join(repositoryRoot, path));
}

/**
 * All files that belong to the repository: those that git tracks or would add.
 * Undefined in a copy without git.
 */
export function repositoryFiles(): string[] | undefined {
  return git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    ?.split("\0").filter((file) => file !== "" && exists(file));
}

/**
 * The files that differ from where this branch left `main`, committed or not;
 * deleted ones, too. None in a copy without git.
 */
export function changedFiles(): string[] {
  const base = git("merge-base", "HEAD", "origin/main") ??
    git("merge-base", "HEAD", "main") ?? "HEAD";
  return [
    git("diff", "--relative", "--name-only", "-z", base.trim(), "--"),
    git("ls-files", "-z", "--others", "--exclude-standard"),
  ].flatMap((list) => list?.split("\0") ?? []).filter((file) => file !== "");
}

/** What git prints; undefined if it fails. */
function git(...args: string[]): string | undefined {
  try {
    return execFileSync("git", args, {
      cwd: repositoryRoot,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch {
    return undefined;
  }
}
