// Versions of the package, and what is new in each.
import * as fs from "node:fs";
import * as path from "node:path";
import { packageRoot, packageVersion } from "./package_files.ts";

/** Is a version newer than another one? */
export function isNewer(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => text.split(".").map(Number));
  for (const [index, number] of (a ?? []).entries()) {
    const difference = number - (b?.[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** What CHANGELOG.md says of each version since this one; empty if nothing. */
export function newSince(version: string): string {
  return changesSince(
    fs.readFileSync(path.join(packageRoot, "CHANGELOG.md"), "utf8"),
    version,
  );
}

/** The sections of a changelog from this version, exclusive, to the package's. */
export function changesSince(changelog: string, version: string): string {
  return changelog.split(/^(?=## )/m)
    .filter((section) => {
      const of = /^## \[?(\d+\.\d+\.\d+)/.exec(section)?.[1];
      return of !== undefined && isNewer(of, version) &&
        !isNewer(of, packageVersion);
    })
    .map((section) => section.trim()).join("\n\n");
}
