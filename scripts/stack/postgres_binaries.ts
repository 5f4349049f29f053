// Finds the Postgres server that npm installed for this platform, and finishes
// its installation: npm may have been told not to run install scripts, and
// pgTAP comes in a package of its own.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import process from "node:process";
import { nodeModules } from "./paths.ts";
import { StackProblem } from "./problem.ts";

/** The Postgres versions that packages exist for. */
export type PostgresMajor = 15 | 16 | 17 | 18;

/** Is this version installed for this platform? */
export function hasPostgres(major: PostgresMajor): boolean {
  return fs.existsSync(path.join(packageFolder(major), "native"));
}

/** The folder of `initdb`, `postgres` and `pg_ctl`, ready to be run. */
export function postgresBinaries(major: PostgresMajor): string {
  const folder = packageFolder(major);
  if (!hasPostgres(major)) {
    throw new StackProblem(
      `There is no Postgres ${major} for ${process.platform}-${process.arch} ` +
        `in node_modules (${path.basename(folder)}). Run "npm ci"; if that ` +
        `does not bring it, this platform is not supported.`,
    );
  }
  try {
    makeLibraryLinks(folder);
    makeExecutable(folder);
    unpackPgtap(folder);
  } catch (cause) {
    throw new StackProblem(
      `Postgres ${major} could not be made ready in ${folder}: ` +
        `${(cause as Error).message}. The first start needs to write there.`,
      { cause },
    );
  }
  return path.join(folder, "native", "bin");
}

function packageFolder(major: PostgresMajor): string {
  return path.join(
    nodeModules,
    `pg${major}-${process.platform}-${process.arch}`,
  );
}

/** What the package's own install script does: npm packages hold no links. */
function makeLibraryLinks(folder: string) {
  const list = path.join(folder, "native", "pg-symlinks.json");
  const links: { source: string; target: string }[] = JSON.parse(
    fs.readFileSync(list, "utf8"),
  );
  for (const { source, target } of links) {
    const link = path.join(folder, target);
    if (fs.existsSync(link)) continue;
    try {
      fs.symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

function makeExecutable(folder: string) {
  for (const name of ["initdb", "postgres", "pg_ctl"]) {
    const file = path.join(folder, "native", "bin", name);
    if ((fs.statSync(file).mode & 0o555) !== 0o555) fs.chmodSync(file, 0o755);
  }
}

/**
 * Puts pgTAP beside the server's own extensions. The control file is moved in
 * last: whoever sees it sees all of the rest, also when two do this at once.
 */
function unpackPgtap(folder: string) {
  const share = path.join(folder, "native", "share", "postgresql");
  const extensions = path.join(share, "extension");
  if (fs.existsSync(path.join(extensions, "pgtap.control"))) return;

  const archive = path.join(
    nodeModules,
    "@electric-sql",
    "pglite-pgtap",
    "dist",
    "pgtap.tar.gz",
  );
  const unpacked = fs.mkdtempSync(path.join(share, "pgtap-"));
  try {
    execFileSync("tar", ["-xzf", archive, "-C", unpacked]);
    const from = path.join(unpacked, "share", "postgresql", "extension");
    const isControl = (name: string) => name.endsWith(".control") ? 1 : 0;
    const names = fs.readdirSync(from)
      .sort((a, b) => isControl(a) - isControl(b));
    for (const name of names) {
      fs.chmodSync(path.join(from, name), 0o644);
      fs.renameSync(path.join(from, name), path.join(extensions, name));
    }
  } finally {
    fs.rmSync(unpacked, { recursive: true, force: true });
  }
}
