// All suites, in the order in which they are reported.
import * as fs from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../stack/paths.ts";
import { StackProblem } from "../stack/problem.ts";
import { denoTests } from "./deno_tests.ts";
import { check, type Part } from "./part.ts";
import { advisorsSuite } from "./suites/advisors.ts";
import { databaseSuites } from "./suites/database.ts";
import { documentationSuite } from "./suites/documentation.ts";
import { formatSuite } from "./suites/format.ts";
import { lintSuite } from "./suites/lint.ts";
import { migrationsSuite } from "./suites/migrations.ts";
import { pgProveSuite } from "./suites/pg_prove.ts";

/** Suites of Deno tests that there must be; whatever else there is follows. */
const denoSuites = ["broom", "upgrade", "rollback", "api", "edge", "stack"];

/** Every part of every suite. */
export function allParts(): Part[] {
  const parts = [
    ...formatSuite(),
    ...documentationSuite(),
    ...migrationsSuite(),
    ...databaseSuites(),
    ...pgProveSuite(),
    ...advisorsSuite(),
    ...lintSuite(),
    ...[...new Set([...denoSuites, ...foldersOfTests()])].flatMap(denoTests),
  ];
  return [...missingSuites(parts), ...parts];
}

/** Nobody misses tests that are not there: so this does. */
function missingSuites(parts: Part[]): Part[] {
  return ["database", ...denoSuites]
    .filter((suite) => !parts.some((part) => part.suite === suite))
    .map((suite) =>
      check(suite, "has tests", {
        run: () =>
          Promise.reject(
            new StackProblem(`supabase/tests/${suite} holds no test file.`),
          ),
      })
    );
}

function foldersOfTests(): string[] {
  const folder = join(repositoryRoot, "supabase", "tests");
  return fs.readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}
