// Finds files of the repository.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../stack/paths.ts";

/** The files below a folder whose names end so, in order; none if it is not
 * there. Relative to the repository, as is the folder. */
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

/** Is there such a file or folder? */
export function exists(path: string): boolean {
  return fs.existsSync(join(repositoryRoot, path));
}

/**
 * All files that belong to the repository: those git knows or would take. A
 * copy without git has no such list.
 */
export function repositoryFiles(): string[] | undefined {
  try {
    const list = execFileSync(
      "git",
      ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
      {
        cwd: repositoryRoot,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      },
    );
    return list.split("\0").filter((file) => file !== "" && exists(file));
  } catch {
    return undefined;
  }
}
