// Runs a file of Deno tests in its own Deno process. The JUnit report gives the
// result of each test by name; Deno's output explains the failures.
import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../stack/paths.ts";
import type { PostgresMajor } from "../stack/postgres.ts";
import { bare, databaseName, migrated, usualMajor } from "./databases.ts";
import type { CommandResult } from "./command.ts";
import { configOf, deno, offline } from "./deno_command.ts";
import { filesBelow } from "./files.ts";
import { nothing, type Outcome, type Part, type Run, suiteOn } from "./part.ts";

/** The files of `supabase/tests/<suite>`, each a part. */
export function denoTests(
  suite: string,
  major: PostgresMajor = usualMajor,
): Part[] {
  const folder = `supabase/tests/${suite}`;
  return filesBelow(folder, ".test.ts").map((file) => ({
    suite: suiteOn(suite, major),
    name: file.slice(folder.length + 1),
    file,
    needs: [{ ...migrated, major }, { ...bare, major }],
    run: (run) => outcomeOfDenoTests(run, file, { major }),
  }));
}

/** Tests that are left out. */
export interface LeftOut {
  /** What their names match. */
  tests: RegExp;
  reason: string;
}

/** Runs a file of Deno tests, but for some. */
export async function outcomeOfDenoTests(
  run: Pick<Run, "folder" | "signal" | "adminUrl">,
  file: string,
  o: {
    major: PostgresMajor;
    skipping?: LeftOut[];
    env?: Record<string, string>;
  },
): Promise<Outcome> {
  const { code, stdout, stderr, tests } = await denoTestResults(run, file, o);
  const count = (result: Result) =>
    tests.filter((test) => test.result === result).length;
  const ignored = tests.filter((test) => test.result === "skipped")
    .map(({ name }) => {
      const reason = o.skipping?.find(({ tests }) => tests.test(name))?.reason;
      return reason ? `${name} (${reason})` : name;
    });
  const outcome: Outcome = {
    ...nothing,
    passed: count("passed"),
    failed: count("failed"),
    skipped: ignored.length,
    ...(ignored.length > 0 && { reason: ignored.join("\n") }),
  };
  if (code === 0 && outcome.failed === 0 && tests.length > 0) return outcome;
  return {
    ...outcome,
    // a module or a hook that throws is not in the report
    failed: Math.max(outcome.failed, 1),
    details: tests.length === 0 && code === 0
      ? ["It contains no test."]
      : explanation(stdout, stderr),
  };
}

/** Runs a file of Deno tests; `tests` are those that finished. */
export async function denoTestResults(
  run: Pick<Run, "folder" | "signal" | "adminUrl">,
  file: string,
  o: {
    major: PostgresMajor;
    /** The database that they copy instead of the migrated one. */
    template?: string;
    /** Only tests whose name contains this. */
    filter?: string;
    /** Not these. */
    skipping?: LeftOut[];
    /** More environment variables. */
    env?: Record<string, string>;
  },
): Promise<CommandResult & { tests: NamedResult[] }> {
  const report = join(run.folder, `${randomUUID()}.xml`);
  const skipped = o.skipping?.map(({ tests }) => tests.source) ?? [];
  const preload = join(repositoryRoot, "scripts", "test", "skipping.ts");
  // the suite "format" checks the types
  const result = await deno([
    ...["test", "--allow-all", "--no-check", ...offline, ...configOf()],
    ...(o.filter ? ["--filter", o.filter] : []),
    ...(skipped.length > 0 ? ["--preload", preload] : []),
    ...["--junit-path", report, join(repositoryRoot, file)],
  ], {
    signal: run.signal,
    env: {
      TEST_DATABASE_ADMIN_URL: run.adminUrl(o.major),
      TEST_TEMPLATE: o.template ?? databaseName(migrated),
      TEST_BARE_TEMPLATE: databaseName(bare),
      TEST_PG_MAJOR: String(o.major),
      TEST_SKIPPED: JSON.stringify(skipped),
      ...o.env,
    },
  });
  const tests = fs.existsSync(report)
    ? testsIn(fs.readFileSync(report, "utf8"))
    : [];
  return { ...result, tests };
}

type Result = "passed" | "failed" | "skipped";

/** A test and its result. */
export interface NamedResult {
  name: string;
  result: Result;
}

/** Deno writes this report, so only the escapes that Deno uses occur. */
function testsIn(report: string): NamedResult[] {
  const cases = report.matchAll(
    /<testcase name="([^"]*)"[^>]*>([\s\S]*?)<\/testcase>/g,
  );
  const tests: NamedResult[] = [];
  for (const [, escaped, body] of cases) {
    const name = unescaped(escaped);
    // steps count as part of their test
    if (tests.some((test) => name.startsWith(`${test.name} > `))) continue;
    const result = body.includes("<failure")
      ? "failed"
      : body.includes("<skipped")
      ? "skipped"
      : "passed";
    tests.push({ name, result });
  }
  return tests;
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"').replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}

/** The part of Deno's output between the lists of tests and of failures. */
function explanation(stdout: string, stderr: string): string[] {
  const errors = /\n ERRORS \n([\s\S]*?)(?:\n FAILURES \n|$)/.exec(stdout)?.[1];
  return (errors ?? `${stdout}\n${stderr}`).trim().split("\n");
}
