// Does `supabase db lint`, which runs plpgsql_check, find anything? Debian has the
// extension for Postgres 15, so this needs Postgres 15.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { postgresBinaries } from "../../stack/postgres_binaries.ts";
import { cliAsks } from "../cli.ts";
import { type Database, migrated, type Template } from "../databases.ts";
import { debianPackage } from "../debian.ts";
import { check, type Part, type Skipped } from "../part.ts";
import { hasPostgres } from "../../stack/postgres.ts";

const suite = "lint";

const migratedOn15: Template = { ...migrated, major: 15 };

/** `supabase db lint` finds nothing, and would find a planted problem. */
export function lintSuite(): Part[] {
  return [
    lintCheck("nothing to say", async (database) => {
      const { code, findings } = await lint(database);
      assert(findings.length === 0, findings.join("\n"));
      assert.equal(code, 0);
    }),
    lintCheck("it would say if there were something", async (database) => {
      await database.connected((sql) =>
        sql`
          create function sessions.careless() returns int
          language plpgsql as 'begin return nobody_knows_this; end'`
      );
      const { code, findings } = await lint(database);
      assert(
        findings.some((finding) =>
          finding.includes("sessions.careless") &&
          finding.includes("nobody_knows_this")
        ),
        findings.join("\n"),
      );
      assert.notEqual(code, 0);
    }),
  ];
}

function lintCheck(
  name: string,
  work: (database: Database) => Promise<void>,
): Part {
  return check(suite, name, {
    needs: hasPostgres(15) ? [migratedOn15] : [],
    run: async (run) => {
      const missing = installPlpgsqlCheck();
      if (missing) return missing;
      return await run.withDatabase(migratedOn15, async (database) => {
        // the CLI would create it as postgres, which lacks the privilege
        await database.connected(
          (sql) => sql`create extension plpgsql_check schema extensions`,
          "supabase_admin",
        );
        await work(database);
      });
    },
  });
}

/** Adds the extension to npm's Postgres 15. */
function installPlpgsqlCheck(): Skipped | undefined {
  if (!hasPostgres(15)) {
    return { reason: "npm has no Postgres 15 for this platform" };
  }
  const native = dirname(postgresBinaries(15));
  const extensions = join(native, "share", "postgresql", "extension");
  if (fs.existsSync(join(extensions, "plpgsql_check.control"))) return;

  const debian = debianPackage("postgresql-15-plpgsql-check");
  if (typeof debian !== "string") return debian;
  const libraries = join(debian, "usr", "lib", "postgresql", "15", "lib");
  copyInto(join(native, "lib", "postgresql"), libraries, [
    "plpgsql_check.so",
  ]);
  const share = join(debian, "usr", "share", "postgresql", "15", "extension");
  // the control file last: Postgres then sees either nothing or all of it
  const scripts = fs.readdirSync(share).filter((name) => name.endsWith(".sql"));
  copyInto(extensions, share, [...scripts, "plpgsql_check.control"]);
}

function copyInto(folder: string, from: string, names: string[]) {
  for (const name of names) {
    fs.copyFileSync(join(from, name), join(folder, name));
  }
}

interface Linted {
  function: string;
  issues: {
    level: string;
    message: string;
    sqlState?: string;
    statement?: { lineNumber: string; text: string };
  }[];
}

async function lint(
  database: Database,
): Promise<{ code: number; findings: string[] }> {
  const { code, results } = await cliAsks(
    [
      ...["db", "lint", "--schema", "public,sessions"],
      ...["--level", "warning", "--fail-on", "warning"],
    ],
    database.url(),
  ) as unknown as { code: number; results: Linted[] };
  const findings = results.flatMap((linted) =>
    linted.issues.map(({ level, message, statement }) => {
      const where = statement
        ? `, line ${statement.lineNumber} (${statement.text})`
        : "";
      return `${linted.function}${where}: ${level}: ${message}`;
    })
  );
  return { code, findings };
}
