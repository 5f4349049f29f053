// What the tests of the command line share: a Supabase project in a folder, made by
// the Supabase CLI; the command; and a database to push to.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import postgres from "postgres";
import { supabaseCli, withoutTls } from "../../../scripts/stack/migrations.ts";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import type { Database } from "../../../scripts/test/databases.ts";

export { repositoryRoot };

/** How a command ended. */
export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs `interview-sessions <args>` in this folder. */
export async function command(
  args: string[],
  o: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-lock", "--cached-only"],
      ...["--node-modules-dir=manual", "--config"],
      join(repositoryRoot, "deno.json"),
      join(repositoryRoot, "cli", "main.ts"),
      ...args,
    ],
    cwd: o.cwd ?? tmpdir(),
    stdin: "null",
    env: { NO_COLOR: "1", INTERVIEW_SESSIONS_SECRET_KEY: "", ...o.env },
  }).output();
  const [out = "", err = ""] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes).trimEnd()
  );
  for (const text of [out, err]) {
    assert.doesNotMatch(text, /sb_secret_\w/, "a key was printed");
    assert.doesNotMatch(text, /\n\s+at /, "a stack trace");
  }
  return { code, out, err };
}

/** The same, where it must succeed; what it printed. */
export async function succeeds(
  args: string[],
  o: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const { code, out, err } = await command(args, o);
  assert.equal(code, 0, `${out}\n${err}`);
  return out;
}

/** A folder for one test, gone after it. */
export async function inFolder(work: (folder: string) => Promise<void>) {
  const folder = fs.realpathSync(
    fs.mkdtempSync(join(tmpdir(), "install a b ")),
  );
  try {
    await work(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** A fresh project of `supabase init`, gone after the test. */
export async function inNewProject(work: (folder: string) => Promise<void>) {
  await inFolder(async (folder) => {
    await initProject(folder);
    await work(folder);
  });
}

/** What `supabase init` makes, in this folder. */
export async function initProject(folder: string) {
  initialised ??= initialise();
  fs.cpSync(await initialised, folder, { recursive: true });
}

/** A folder in which `supabase init` was run, once per test file. */
let initialised: Promise<string> | undefined;

async function initialise(): Promise<string> {
  const folder = fs.mkdtempSync(join(tmpdir(), "supabase-init-"));
  addEventListener("unload", () => fs.rmSync(folder, { recursive: true }));
  const { code, stdout, stderr } = await supabaseCli(["init"], {
    workdir: folder,
  });
  assert.equal(code, 0, stdout + stderr);
  return folder;
}

/** `supabase db push`; how it ended. */
export async function push(folder: string, database: Database): Promise<Ended> {
  const { code, stdout, stderr } = await supabaseCli([
    ...["db", "push", "--yes", "--db-url", withoutTls(database.url())],
  ], { workdir: folder });
  return { code, out: stdout, err: stderr };
}

/** `supabase db push`, where it must succeed; what it said. */
export async function pushed(folder: string, database: Database) {
  const { code, out, err } = await push(folder, database);
  assert.equal(code, 0, out + err);
  return out + err;
}

/** Everything in a folder: each file with its text. */
export function filesOf(folder: string, prefix = ""): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name === ".temp") continue;
      for (const [name, text] of filesOf(path, `${prefix}${entry.name}/`)) {
        files.set(name, text);
      }
    } else {
      files.set(prefix + entry.name, fs.readFileSync(path, "utf8"));
    }
  }
  return files;
}

/** The migrations in a project. */
export function migrationsIn(folder: string): string[] {
  const migrations = join(folder, "supabase", "migrations");
  return fs.existsSync(migrations) ? fs.readdirSync(migrations).sort() : [];
}

/** The error of SQL that must be refused. */
export async function refusal(
  work: Promise<unknown>,
): Promise<postgres.PostgresError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof postgres.PostgresError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "it was not refused" });
}

/** Is psql on this machine? */
export const hasPsql = (process.env.PATH ?? "").split(":")
  .some((folder) => fs.existsSync(join(folder, "psql")));
