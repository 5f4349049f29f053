// All suites, in the order in which they are reported.
import * as fs from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../stack/paths.ts";
import { hasPostgres, type PostgresMajor } from "../stack/postgres.ts";
import { StackProblem } from "../stack/problem.ts";
import { denoTests } from "./deno_tests.ts";
import { check, type Part, suiteOn } from "./part.ts";
import { advisorsSuite } from "./suites/advisors.ts";
import { citusSuite } from "./suites/citus.ts";
import { databaseSuites } from "./suites/database.ts";
import { documentationSuite } from "./suites/documentation.ts";
import { formatSuite } from "./suites/format.ts";
import { lintSuite } from "./suites/lint.ts";
import { migrationsSuite } from "./suites/migrations.ts";
import { pgProveSuite } from "./suites/pg_prove.ts";

/** Suites of Deno tests that must exist; all others follow them. */
const denoSuites = ["broom", "upgrade", "rollback", "api", "edge", "stack"];

/**
 * Files that repeat other suites under other conditions, or take long and depend on
 * little: only `--all` or a filter runs them.
 */
const extras = [
  "supabase/tests/bench/smoke.test.ts",
  "supabase/tests/browser/admin.test.ts",
  "supabase/tests/browser/admin_deliveries.test.ts",
  "supabase/tests/browser/admin_lists.test.ts",
  "supabase/tests/browser/find_chromium.test.ts",
  "supabase/tests/browser/looks.test.ts",
  "supabase/tests/browser/recorded_interview.test.ts",
  "supabase/tests/browser/recording.test.ts",
  "supabase/tests/docs/site.test.ts",
  "supabase/tests/edge/backlog.test.ts",
  "supabase/tests/install/damage.test.ts",
  "supabase/tests/package/consumers.test.ts",
  "supabase/tests/package/story.test.ts",
  "supabase/tests/pooler/pgtap.test.ts",
  "supabase/tests/pooler/races.test.ts",
  "supabase/tests/sdk/go.test.ts",
  "supabase/tests/sdk/kotlin.test.ts",
  "supabase/tests/sdk/python.test.ts",
  "supabase/tests/sdk/rust.test.ts",
  "supabase/tests/stack/lite_corrections.test.ts",
  "supabase/tests/stack/rehearse.test.ts",
];

/** Every version of Postgres that the component supports. */
export const majors: PostgresMajor[] = [15, 16, 17, 18];

/** Every part of every suite, on the usual Postgres. */
export function allParts(): Part[] {
  const parts = [
    ...formatSuite(),
    ...documentationSuite(),
    ...migrationsSuite(),
    ...databaseSuites(),
    ...pgProveSuite(),
    ...advisorsSuite(),
    ...lintSuite(),
    ...[...new Set([...denoSuites, ...foldersOfTests()])]
      .flatMap((suite) => denoTests(suite))
      .map((part) => ({
        ...part,
        isExtra: part.file !== undefined && extras.includes(part.file),
      })),
    ...citusSuite(),
  ];
  return [...missingSuites(parts), ...parts];
}

/**
 * What depends on the version of Postgres: pgTAP everywhere, races and upgrades on the
 * oldest and the newest. The API does not: it sends the same SQL to each.
 */
export function partsOn(major: PostgresMajor): Part[] {
  if (!hasPostgres(major)) {
    return [
      check(suiteOn("database", major), "all of it", {
        run: () =>
          Promise.resolve({
            reason: `npm has no Postgres ${major} for this platform`,
          }),
      }),
    ];
  }
  return [
    ...(major === majors[0] || major === majors.at(-1)
      ? ["races", "upgrade"].flatMap((suite) => denoTests(suite, major))
      : []),
    // many short ones last: no processor is idle at the end
    ...databaseSuites(major),
  ];
}

/** Fails for each suite that has lost all of its tests. */
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
    // these need a cluster
    .filter((name) => name !== "citus")
    .sort();
}
