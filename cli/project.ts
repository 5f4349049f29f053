// The Supabase project that a command works in, and our files in it.
import * as fs from "node:fs";
import * as path from "node:path";
import { headerOf, type MigrationHeader } from "./migration.ts";
import { filesIn, functionName, hashOf } from "./package_files.ts";
import { Problem, UsageProblem } from "./problem.ts";

/** A Supabase project. */
export interface Project {
  /** The folder that holds `supabase`. */
  root: string;
  config: string;
  migrations: string;
  /** The folder of our Edge Function. */
  functionFolder: string;
}

/** A migration of ours in the project. */
export interface OurMigration extends MigrationHeader {
  file: string;
}

/** The state of our Edge Function in the project. */
export type FunctionState =
  | { kind: "absent" }
  /** As one of our versions wrote it. */
  | { kind: "ours"; version: string; hash: string }
  /** Changed since, or never ours. */
  | { kind: "changed"; files: string[] };

/** The project around a folder, found upward. */
export function findProject(from: string): Project {
  // a misspelt folder must not lead to the project around it
  if (!fs.statSync(from, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageProblem(`--workdir wants a folder: ${from} is none.`);
  }
  for (let folder = path.resolve(from);; folder = path.dirname(folder)) {
    if (fs.existsSync(path.join(folder, "supabase", "config.toml"))) {
      return projectAt(folder);
    }
    if (folder === path.dirname(folder)) break;
  }
  const below = projectsBelow(path.resolve(from), 3);
  throw new Problem(
    `There is no Supabase project here: no supabase/config.toml in ` +
      `${path.resolve(from)} or a folder above it.\n` +
      (below.length > 0
        ? `Name the project's folder: ${
          below.map((name) => `--workdir ${name}`).join(", or ")
        }`
        : `Make one with "supabase init", or name the project's folder with ` +
          `--workdir.`),
  );
}

/** A path as it is shown: from the project's root. */
export function shownPath(project: Project, file: string): string {
  return path.relative(project.root, file).split(path.sep).join("/");
}

/** The migrations of ours in the project, in their order. */
export function ourMigrations(project: Project): OurMigration[] {
  return migrationFiles(project).flatMap((name) => {
    const file = path.join(project.migrations, name);
    const header = headerOf(fs.readFileSync(file, "utf8"));
    return header ? [{ ...header, file }] : [];
  });
}

/**
 * A version for a new migration: now, in the CLI's form, or just after the
 * project's last one. The CLI compares versions as texts, and file names.
 */
export function nextVersion(project: Project, now = new Date()): string {
  const stamp = now.toISOString().replace(/\D/g, "").slice(0, 14);
  const versions = migrationFiles(project)
    .map((name) => name.slice(0, name.indexOf("_")));
  const isLast = (next: string) =>
    versions.every((version) => version < next && `${version}_` < `${next}_`);
  const next = [stamp, ...versions.map(after).sort()].find(isLast);
  if (next === undefined) {
    const last = migrationFiles(project).at(-1);
    throw new Problem(
      `No migration can come after supabase/migrations/${last}: the Supabase ` +
        `CLI applies migrations in the order of their names. Rename it to a ` +
        `time, such as ${stamp}${
          last?.replace(/^\d+/, "")
        }. Where it has been ` +
        `applied, also tell the CLI: supabase migration repair.`,
    );
  }
  return next;
}

/** Of the same length first: 3_last.sql sorts after 30000000000001_next.sql. */
function after(version: string): string {
  return String(BigInt(version) + 1n).padStart(version.length, "0")
    .padEnd(14, "0");
}

/** The first line of the function's index.ts, by which it is known. */
export function functionStamp(version: string, hash: string): string {
  return `// Interview sessions ${version}. Hash: ${hash}. Written by ` +
    `"npx interview-sessions install".\n`;
}

/** The state of our Edge Function in the project. */
export function functionState(project: Project): FunctionState {
  if (!fs.existsSync(project.functionFolder)) return { kind: "absent" };
  const files = filesIn(project.functionFolder);
  const folders = foldersIn(project.functionFolder);
  const index = files.find(({ name }) => name === "index.ts")?.text ?? "";
  const [stamp, version, hash] =
    /^\/\/ Interview sessions (\S+)\. Hash: ([0-9a-f]+)\. [^\n]*\n/
      .exec(index) ?? [];
  if (stamp !== undefined && version !== undefined && hash !== undefined) {
    const unstamped = files.map(({ name, text }) => ({
      name,
      text: name === "index.ts" ? text.slice(stamp.length) : text,
    }));
    if (folders.length === 0 && filesHash(unstamped) === hash) {
      return { kind: "ours", version, hash };
    }
  }
  const names = files.map(({ name }) => name);
  return {
    kind: "changed",
    files: [...names, ...folders.map((name) => `${name}/`)],
  };
}

/** The hash of a function's files. */
export function filesHash(files: { name: string; text: string }[]): string {
  return hashOf(files.map(({ name, text }) => `${name}\n${text}`).join("\n"));
}

function projectAt(root: string): Project {
  const supabase = path.join(root, "supabase");
  return {
    root,
    config: path.join(supabase, "config.toml"),
    migrations: path.join(supabase, "migrations"),
    functionFolder: path.join(supabase, "functions", functionName),
  };
}

function migrationFiles(project: Project): string[] {
  if (!fs.existsSync(project.migrations)) return [];
  return fs.readdirSync(project.migrations, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => /^\d+_.*\.sql$/.test(name)).sort();
}

function foldersIn(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** The folders with a project, to suggest one. */
function projectsBelow(folder: string, depth: number, prefix = ""): string[] {
  let entries: fs.Dirent[];
  try {
    entries = fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // not readable
  }
  return entries
    .filter((entry) =>
      entry.isDirectory() && !/^\.|^node_modules$/.test(entry.name)
    )
    .flatMap(({ name }) => {
      if (fs.existsSync(path.join(folder, name, "supabase", "config.toml"))) {
        return [prefix + name];
      }
      if (depth <= 1) return [];
      return projectsBelow(
        path.join(folder, name),
        depth - 1,
        `${prefix}${name}/`,
      );
    });
}
