// All suites, in the order in which they are reported.
import * as fs from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../stack/paths.ts";
import { denoTests } from "./deno_tests.ts";
import type { Part } from "./part.ts";
import { advisorsSuite } from "./suites/advisors.ts";
import { databaseSuites } from "./suites/database.ts";
import { documentationSuite } from "./suites/documentation.ts";
import { formatSuite } from "./suites/format.ts";
import { lintSuite } from "./suites/lint.ts";
import { migrationsSuite } from "./suites/migrations.ts";
import { pgProveSuite } from "./suites/pg_prove.ts";

/** Suites of Deno tests that go first; whatever else there is follows. */
const denoSuites = ["broom", "upgrade", "rollback", "api", "edge"];

/** Every part of every suite. */
export function allParts(): Part[] {
  return [
    ...formatSuite(),
    ...documentationSuite(),
    ...migrationsSuite(),
    ...databaseSuites(),
    ...pgProveSuite(),
    ...advisorsSuite(),
    ...lintSuite(),
    ...[...new Set([...denoSuites, ...foldersOfTests()])].flatMap(denoTests),
  ];
}

function foldersOfTests(): string[] {
  const folder = join(repositoryRoot, "supabase", "tests");
  return fs.readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}
