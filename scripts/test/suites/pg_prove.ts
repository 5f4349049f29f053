// Does pg_prove, which runs the pgTAP files elsewhere, report the same as our own
// runner? It runs them in one database: none may leave anything behind.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { repositoryRoot } from "../../stack/paths.ts";
import { type CommandResult, runCommand } from "../command.ts";
import { type Database, migrated } from "../databases.ts";
import { debianDependency, debianPackage } from "../debian.ts";
import { check, type Part, type Run, type Skipped } from "../part.ts";
import { runPgtapFile } from "../pgtap.ts";
import { pgtapFiles } from "./database.ts";

/** pg_prove compared with our own runner. */
export function pgProveSuite(): Part[] {
  const files = pgtapFiles();
  if (files.length === 0) return [];
  const byFolder = Map.groupBy(files, (file) => dirname(file));
  const oneOfEach = [...byFolder.values()].map(([file]) => file);
  return [
    proving(
      "one file of each folder: the same totals as here",
      oneOfEach,
      async (theirs, run) => {
        const ours = await run.withDatabase(
          migrated,
          (database) => oursIn(database, oneOfEach),
        );
        assert.deepEqual(theirs, ours);
      },
    ),
    {
      ...proving(
        "all files pass, one after the other in one database",
        files,
        (theirs) => assert.equal(theirs.files, files.length),
      ),
      isExtra: true,
    },
  ];
}

function proving(
  name: string,
  files: string[],
  judge: (theirs: Totals, run: Run) => void | Promise<void>,
): Part {
  return check("pg_prove", name, {
    needs: [migrated],
    run: async (run) => {
      const pgProve = findPgProve();
      if ("reason" in pgProve) return pgProve;
      const theirs = await run.withDatabase(
        migrated,
        (database) => prove(pgProve, run, database, files),
      );
      await judge(theirs, run);
    },
  });
}

interface Totals {
  files: number;
  tests: number;
}

interface PgProve {
  script: string;
  psql: string;
  env: Record<string, string>;
}

async function prove(
  { script, psql, env }: PgProve,
  run: Run,
  database: Database,
  files: string[],
): Promise<Totals> {
  const args = [script, "--psql-bin", psql, "--dbname", database.url()];
  const result = await runCommand("perl", [...args, ...files], {
    signal: run.signal,
    env,
  });
  assert(result.code === 0, result.said);
  return totalsOf(result);
}

function totalsOf({ stdout, said }: CommandResult): Totals {
  const totals = /^Files=(\d+), Tests=(\d+),/m.exec(stdout);
  assert(totals, `pg_prove prints no totals:\n${said}`);
  return { files: Number(totals[1]), tests: Number(totals[2]) };
}

async function oursIn(database: Database, files: string[]): Promise<Totals> {
  let tests = 0;
  for (const file of files) {
    const path = join(repositoryRoot, file);
    const result = await runPgtapFile(database.url(), path);
    tests += result.passed + result.failed + result.skipped;
  }
  return { files: files.length, tests };
}

/** pg_prove and what it needs. */
function findPgProve(): PgProve | Skipped {
  if (!works("perl", ["-MApp::Prove", "-e", "1"])) {
    return { reason: "there is no Perl with its module App::Prove" };
  }
  const psql = findPsql();
  if (typeof psql !== "string") return psql;
  const installed = onPath("pg_prove");
  if (installed) return { script: installed, psql, env: {} };

  const debian = debianPackage("libtap-parser-sourcehandler-pgtap-perl");
  if (typeof debian !== "string") return debian;
  return {
    script: join(debian, "usr", "bin", "pg_prove"),
    psql,
    env: { PERL5LIB: join(debian, "usr", "share", "perl5") },
  };
}

/** Installed, or from Debian's packages. */
function findPsql(): string | Skipped {
  const installed = onPath("psql");
  // Debian's is a script that may have no psql to start
  if (installed && works(installed, ["--version"])) return installed;

  const name = debianDependency("postgresql-client");
  if (typeof name !== "string") return name;
  const debian = debianPackage(name);
  if (typeof debian !== "string") return debian;
  const version = name.slice("postgresql-client-".length);
  const psql = join(debian, "usr", "lib", "postgresql", version, "bin", "psql");
  if (works(psql, ["--version"])) return psql;
  return {
    reason: `psql of ${name} does not start: its libraries are missing`,
  };
}

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? "").split(":")
    .map((folder) => join(folder, name))
    .find((file) => fs.existsSync(file));
}

function works(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
