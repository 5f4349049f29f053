// `npm run mutate`: removes the guards from the SQL, one at a time, and runs the
// race tests that must then fail. A guard whose removal no test notices is a
// failure.
import process from "node:process";
import { parseArgs } from "node:util";
import pLimit from "p-limit";
import { mutantOf } from "./mutate/mutant.ts";
import { type Mutation, mutations } from "./mutate/mutations.ts";
import { type Databases, databasesIn, migrated } from "./test/databases.ts";
import { denoTestResults, type NamedResult } from "./test/deno_tests.ts";
import type { Run } from "./test/part.ts";
import { makeRunFolder } from "./test/run_folder.ts";

const help = `npm run mutate -- [options] [filter ...]

Removes every guard from the SQL, or those whose function, name or test file
contains one of the filters, and checks that the race tests then fail:

  npm run mutate
  npm run mutate -- reap_batch
  npm run mutate -- start_session "not locked"

  --list    lists them with their purpose, without running any
  --help    this text
`;

const usageError = 2;

/** How many run at once: on two cores, since much of it is waiting. */
const atOnce = 3;

/** The result of a mutation. */
interface Outcome {
  caught: boolean;
  /** The tests that failed, or why it was not caught. */
  by: string;
}

const began = performance.now();
const selected = readArguments(Deno.args);
const controller = new AbortController();
let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => {
    interrupted = true;
    controller.abort();
  });
}
const sound = await mutate(selected);
Deno.exit(sound && !interrupted ? 0 : 1);

async function mutate(selected: Mutation[]): Promise<boolean> {
  const folder = await makeRunFolder();
  const databases = databasesIn(folder.path);
  const run = {
    folder: folder.path,
    signal: controller.signal,
    adminUrl: databases.adminUrl,
  };
  try {
    await databases.prepare([migrated]);
    const problems = await unmutated(run, selected);
    if (problems.length > 0) {
      console.log("Without any mutation these fail or do not exist:");
      for (const problem of problems) console.log(`  ${problem}`);
      return false;
    }
    const missed: Mutation[] = [];
    await forEach(selected, async (mutation) => {
      const itBegan = performance.now();
      const { caught, by } = await outcomeOf(databases, run, mutation);
      if (interrupted) return;
      if (!caught) missed.push(mutation);
      const seconds = (performance.now() - itBegan) / 1000;
      console.log(line(caught ? "caught" : "MISSED", mutation, seconds, by));
    });
    if (interrupted) {
      console.log("Interrupted.");
      return false;
    }
    for (const { in: name, name: what, why } of missed) {
      console.log(`Nothing fails where ${name}: ${what} (${why}).`);
    }
    console.log(
      `${selected.length - missed.length} of ${selected.length} mutations ` +
        `caught in ${((performance.now() - began) / 1000).toFixed(1)} s`,
    );
    return missed.length === 0;
  } finally {
    await databases.stop();
    folder.remove();
  }
}

type Runner = Pick<Run, "folder" | "signal" | "adminUrl">;

/** A test that fails anyway proves nothing, nor does one that does not exist. */
async function unmutated(
  run: Runner,
  selected: Mutation[],
): Promise<string[]> {
  const problems: string[] = [];
  const files = [...new Set(selected.map(({ file }) => file))];
  await forEach(files, async (file) => {
    const { code, tests } = await denoTestResults(run, pathOf(file), {
      major: migrated.major,
    });
    problems.push(...failed(tests));
    if (code !== 0 && failed(tests).length === 0) problems.push(pathOf(file));
    const wanted = selected.filter((mutation) => mutation.file === file);
    for (const { tests: words } of wanted) {
      if (tests.some(({ name }) => name.includes(words))) continue;
      problems.push(`${pathOf(file)}: no test has "${words}" in its name`);
    }
  });
  return problems;
}

async function outcomeOf(
  databases: Databases,
  run: Runner,
  mutation: Mutation,
): Promise<Outcome> {
  return await databases.withCopy(migrated, async (database) => {
    await database.connected((sql) => sql.unsafe(mutantOf(mutation)).simple());
    const { tests, stdout, stderr } = await denoTestResults(
      run,
      pathOf(mutation.file),
      {
        major: migrated.major,
        template: database.name,
        filter: mutation.tests,
      },
    );
    const names = failed(tests);
    if (names.length > 0) return { caught: true, by: names.join("; ") };
    // the report also lists the tests that the filter excludes
    const by = tests.length > 0
      ? `any test with "${mutation.tests}" in its name`
      : `a test: none ran\n${stdout}${stderr}`.trimEnd();
    return { caught: false, by };
  });
}

function failed(tests: NamedResult[]): string[] {
  return tests.filter(({ result }) => result === "failed")
    .map(({ name }) => name);
}

function pathOf(file: string): string {
  return `supabase/tests/races/${file}.test.ts`;
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
  await pLimit(atOnce).map(items, async (item) => {
    if (!controller.signal.aborted) await work(item);
  });
}

function readArguments(args: string[]): Mutation[] {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { list: { type: "boolean" }, help: { type: "boolean" } },
    });
    if (values.help) {
      console.log(help.trimEnd());
      process.exit(0);
    }
    // each must match the SQL, also those that are not run
    for (const mutation of mutations) mutantOf(mutation);
    const selected = mutations.filter((mutation) =>
      positionals.length === 0 ||
      positionals.some((filter) => isMeant(mutation, filter))
    );
    if (selected.length === 0) {
      throw new Error(`No mutation has ${positionals.join(" or ")} in it.`);
    }
    if (values.list) {
      for (const { in: name, name: what, why } of selected) {
        console.log(`${name}: ${what} (${why})`);
      }
      process.exit(0);
    }
    return selected;
  } catch (error) {
    console.error((error as Error).message);
    console.error(`"npm run mutate -- --help" lists the options.`);
    process.exit(usageError);
  }
}

function isMeant(mutation: Mutation, filter: string): boolean {
  return `${mutation.in}: ${mutation.name} ${mutation.file}`.includes(filter);
}
