// `npm run mutate`: removes the guards from the SQL, one at a time, and runs the tests
// that must then fail. A guard whose removal no test notices is a failure. So is one
// that the model or the check of the reaper's influence must notice and does not:
// supabase/tests/*/faults.mutate.ts.
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import pLimit from "p-limit";
import { checkHarness, harnesses } from "./mutate/harnesses.ts";
import { mutantOf } from "./mutate/mutant.ts";
import type { Mutation } from "./mutate/mutation.ts";
import { mutations } from "./mutate/mutations.ts";
import { repositoryRoot } from "./stack/paths.ts";
import { StackProblem } from "./stack/problem.ts";
import {
  type Database,
  type Databases,
  databasesIn,
  migrated,
} from "./test/databases.ts";
import { denoTestResults, type NamedResult } from "./test/deno_tests.ts";
import type { Run } from "./test/part.ts";
import { type PgtapResult, runPgtapFile } from "./test/pgtap.ts";
import { makeRunFolder } from "./test/run_folder.ts";

const help = `npm run mutate -- [options] [filter ...]

Removes every guard from the SQL, or those whose function, name, purpose or test
file contains one of the filters, and checks that the tests then fail. Then checks
that the model and the broom notice their own faults, or those whose file contains
one of the filters. It replaces the source text of functions: where a guard is
written differently, the mutation must follow.

  npm run mutate
  npm run mutate -- model
  npm run mutate -- pick_stale S23
  npm run mutate -- start_session "not locked"

  --list       lists them with their purpose, without running any
  --unchecked  does not first check that the tests pass without a mutation: for
               CI, which runs them all afterwards
  --help       this text
`;

const usageError = 2;

/** More at once than two cores can run, as much of it is waiting. */
const limit = pLimit(4);

/** The result of a mutation. */
interface Outcome {
  caught: boolean;
  /** The tests that failed, or why it was not caught. */
  by: string;
}

const began = performance.now();
const { selected, files, unchecked } = readArguments(Deno.args);
const controller = new AbortController();
let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => {
    interrupted = true;
    controller.abort();
  });
}
const sound = await mutate().catch((error) => {
  // what an interruption ends has failed
  if (!interrupted && !(error instanceof StackProblem)) throw error;
  console.error(interrupted ? "Interrupted." : error.message);
  return false;
});
Deno.exit(sound && !interrupted ? 0 : 1);

async function mutate(): Promise<boolean> {
  const folder = await makeRunFolder();
  const databases = databasesIn(folder.path);
  const run = {
    folder: folder.path,
    signal: controller.signal,
    adminUrl: databases.adminUrl,
  };
  try {
    await databases.prepare([migrated]);
    const problems = unchecked ? [] : await unmutated(databases, run, selected);
    if (problems.length > 0) {
      console.log("Without any mutation these fail or do not exist:");
      for (const problem of problems) console.log(`  ${problem}`);
      return false;
    }
    const unnoticed: string[] = [];
    const checkFiles = forEach(files, async (file) => {
      const problem = await checkHarness(file, run);
      if (problem) unnoticed.push(problem);
    });
    const missed: Mutation[] = [];
    const checkMutations = forEach(selected, async (mutation) => {
      const itBegan = performance.now();
      const { caught, by } = await outcomeOf(databases, run, mutation);
      if (interrupted) return;
      if (!caught) missed.push(mutation);
      const seconds = (performance.now() - itBegan) / 1000;
      console.log(line(caught ? "caught" : "MISSED", mutation, seconds, by));
    });
    await Promise.all([checkFiles, checkMutations]);
    if (interrupted) {
      console.log("Interrupted.");
      return false;
    }
    for (const problem of unnoticed) console.log(problem);
    for (const { in: name, name: what, why } of missed) {
      console.log(`Nothing fails where ${name}: ${what} (${why}).`);
    }
    const count = selected.length - missed.length;
    console.log(
      `${count} of ${selected.length} mutations and the faults of ` +
        `${files.length - unnoticed.length} of ${files.length} files ` +
        `caught in ${((performance.now() - began) / 1000).toFixed(1)} s`,
    );
    return missed.length === 0 && unnoticed.length === 0;
  } finally {
    await databases.stop();
    folder.remove();
  }
}

type Runner = Pick<Run, "folder" | "signal" | "adminUrl">;

/** What is wrong without any mutation: a test that fails anyway, or does not exist,
 * proves nothing. */
async function unmutated(
  databases: Databases,
  run: Runner,
  selected: Mutation[],
): Promise<string[]> {
  const problems: string[] = [];
  const files = [...Map.groupBy(selected, ({ file }) => file)];
  await forEach(files, async ([file, mutations]) => {
    if (isPgtap(file)) {
      await databases.withCopy(migrated, async (database) => {
        const { ok } = await runPgtap(database, file);
        if (!ok) problems.push(pathOf(file));
      });
      return;
    }
    const { code, tests } = await denoTestResults(run, pathOf(file), {
      major: migrated.major,
      filter: anyOf(mutations),
    });
    problems.push(...failed(tests));
    if (code !== 0 && failed(tests).length === 0) problems.push(pathOf(file));
    for (const { tests: words = "" } of mutations) {
      if (tests.some(({ name }) => name.includes(words))) continue;
      problems.push(`${pathOf(file)}: no test has "${words}" in its name`);
    }
  });
  return problems;
}

/** Deno's filter for the tests of all of these mutations; none for whole files. */
function anyOf(mutations: Mutation[]): string | undefined {
  const words = [...new Set(mutations.map(({ tests }) => tests))];
  if (words.includes(undefined)) return undefined;
  return `/${words.map((one) => RegExp.escape(one!)).join("|")}/`;
}

async function outcomeOf(
  databases: Databases,
  run: Runner,
  mutation: Mutation,
): Promise<Outcome> {
  return await databases.withCopy(migrated, async (database) => {
    await database.connected((sql) => sql.unsafe(mutantOf(mutation)).simple());
    return isPgtap(mutation.file)
      ? outcomeOfPgtap(await runPgtap(database, mutation.file), mutation)
      : await outcomeOfRaces(run, database, mutation);
  });
}

async function outcomeOfRaces(
  run: Runner,
  database: Database,
  { file, tests: filter }: Mutation,
): Promise<Outcome> {
  const { tests, stdout, stderr } = await denoTestResults(run, pathOf(file), {
    major: migrated.major,
    template: database.name,
    filter,
  });
  const names = failed(tests);
  if (names.length > 0) return { caught: true, by: names.join("; ") };
  // The report also lists the tests that the filter excludes.
  const by = tests.length > 0
    ? `any test with "${filter}" in its name`
    : `a test: none ran\n${stdout}${stderr}`.trimEnd();
  return { caught: false, by };
}

function outcomeOfPgtap(
  { ok, tap, problems }: PgtapResult,
  { file }: Mutation,
): Outcome {
  if (ok) return { caught: false, by: pathOf(file) };
  const assertions = [...tap.matchAll(/^not ok \d+ - (.*)$/gm)]
    .map(([, name]) => name);
  const by = assertions.length > 0 ? assertions : problems;
  return { caught: true, by: by.join("; ").split("\n")[0] };
}

function runPgtap(database: Database, file: string): Promise<PgtapResult> {
  return runPgtapFile(database.url(), join(repositoryRoot, pathOf(file)));
}

function failed(tests: NamedResult[]): string[] {
  return tests.filter(({ result }) => result === "failed")
    .map(({ name }) => name);
}

function isPgtap(file: string): boolean {
  return file.startsWith("database/");
}

function pathOf(file: string): string {
  return `supabase/tests/${file}.test.${isPgtap(file) ? "sql" : "ts"}`;
}

function line(
  word: string,
  { in: name, name: what }: Mutation,
  seconds: number,
  by: string,
): string {
  const where = `${name}: ${what}`;
  const not = word === "MISSED" ? "not " : "";
  return `${word}  ${seconds.toFixed(1).padStart(4)} s  ${where}\n` +
    `                ${not}by ${by}`;
}

async function forEach<T>(items: T[], work: (item: T) => Promise<void>) {
  await limit.map(items, async (item) => {
    if (!controller.signal.aborted) await work(item);
  });
}

function readArguments(
  args: string[],
): { selected: Mutation[]; files: string[]; unchecked: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        list: { type: "boolean" },
        unchecked: { type: "boolean", default: false },
        help: { type: "boolean" },
      },
    });
    if (values.help) {
      console.log(help.trimEnd());
      process.exit(0);
    }
    // Each must match the SQL, also those that are not run.
    for (const mutation of mutations) mutantOf(mutation);
    const isSelected = (fits: (filter: string) => boolean) =>
      positionals.length === 0 || positionals.some(fits);
    const selected = mutations.filter((mutation) =>
      isSelected((filter) => isMeant(mutation, filter))
    );
    const files = harnesses().filter((file) =>
      isSelected((filter) => file.includes(filter))
    );
    if (selected.length + files.length === 0) {
      throw new Error(`No mutation has ${positionals.join(" or ")} in it.`);
    }
    if (values.list) {
      for (const { in: name, name: what, why } of selected) {
        console.log(`${name}: ${what} (${why})`);
      }
      for (const file of files) console.log(file);
      process.exit(0);
    }
    return { selected, files, unchecked: values.unchecked };
  } catch (error) {
    console.error((error as Error).message);
    console.error(`"npm run mutate -- --help" lists the options.`);
    process.exit(usageError);
  }
}

function isMeant(mutation: Mutation, filter: string): boolean {
  const { in: name, name: what, why, file } = mutation;
  return `${name}: ${what} ${why} ${file}`.includes(filter);
}
