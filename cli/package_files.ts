// What the package brings along: its version, the chapters of SQL, the Edge
// Function, and the file that removes everything.
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";

/** The Edge Function's name, which is also its folder's. */
export const functionName = "reap-stale-sessions";

/** Chapters that are applied only if asked for. */
export const optionalChapters = [
  "admin",
  "deliveries",
  "notification",
] as const;

/** A chapter that is applied only if asked for. */
export type OptionalChapter = typeof optionalChapters[number];

/** A chapter of the SQL. */
export interface Chapter {
  /** As in its file name: `tables`, `lifecycle`, … */
  name: string;
  sql: string;
}

/** A file of the Edge Function. */
export interface FunctionFile {
  name: string;
  text: string;
}

/** The package's root: this module is in `cli/` or in `dist/cli/`. */
export const packageRoot = findPackageRoot();

/** The version of the package, and of the SQL in it. */
export const packageVersion: string = JSON.parse(
  fs.readFileSync(path.join(packageRoot, "package.json"), "utf8"),
).version;

/** The chapters in order, without the optional ones that are not named. */
export function chapters(optional: readonly OptionalChapter[]): Chapter[] {
  const folder = path.join(packageRoot, "supabase", "migrations");
  const leftOut: string[] = optionalChapters.filter((name) =>
    !optional.includes(name)
  );
  return fs.readdirSync(folder).filter((name) => name.endsWith(".sql")).sort()
    .map((file) => ({
      name: file.replace(/^\d+_/, "").replace(/\.sql$/, ""),
      sql: fs.readFileSync(path.join(folder, file), "utf8"),
    }))
    .filter(({ name }) => !leftOut.includes(name));
}

/** The files of the Edge Function. */
export function functionFiles(): FunctionFile[] {
  return filesIn(path.join(packageRoot, "supabase", "functions", functionName));
}

/** The text of `scripts/rollback.sql`. */
export function rollbackSql(): string {
  const file = path.join(packageRoot, "scripts", "rollback.sql");
  return fs.readFileSync(file, "utf8");
}

/** The files of a folder by name; none if there is no such folder. */
export function filesIn(folder: string): FunctionFile[] {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => ({
      name,
      text: fs.readFileSync(path.join(folder, name), "utf8"),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A short hash of a text, the same with any line ends. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text.replaceAll("\r\n", "\n"))
    .digest("hex").slice(0, 16);
}

function findPackageRoot(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!fs.existsSync(path.join(folder, "package.json"))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error("There is no package.json.");
    folder = parent;
  }
  return folder;
}
