// `npm run soak`: the model tests for as long as you like, on a Postgres server of
// their own: random programs one call after the other, random calls at the same
// time, and everything at once. Or one of the first again, by seed and path.
import process from "node:process";
import { parseArgs } from "node:util";
import { checkConcurrently } from "../supabase/tests/model/concurrent.ts";
import {
  checkSequentially,
  randomSeed,
} from "../supabase/tests/model/check.ts";
import {
  type Database,
  openDatabase,
} from "../supabase/tests/model/database.ts";
import { runMix } from "../supabase/tests/model/mix.ts";
import { randomNumbers } from "../supabase/tests/model/random.ts";
import { type Count, startCounting } from "../supabase/tests/model/telling.ts";
import { liftTimeouts } from "../supabase/tests/timeouts.ts";
import { StackProblem } from "./stack/problem.ts";
import { hasPostgres, type PostgresMajor } from "./stack/postgres.ts";
import { databasesIn, migrated } from "./test/databases.ts";
import { makeRunFolder } from "./test/run_folder.ts";

const help = `npm run soak -- [options]

Compares the answers to random programs with the model of the contract until the
time is up or one differs. Exits with 1 if one did.

  --minutes <n>       how long (1)
  --seed <n>          what all programs follow from (random)
  --path <path>       only the program that a failed run has reported
  --only <kind>       sequential: one call after the other; concurrent: calls at
                      the same time, explained; mix: everything at once, without
                      a deadlock (all three in turn)
  --postgres <major>  15, 16, 17 or 18 (17)
  --help              this text
`;

const exit = { violation: 1, usage: 2, interrupted: 130 } as const;

/** How long a turn of each kind takes. */
const turnMs = { sequential: 10_000, concurrent: 10_000, mix: 20_000 };

type Kind = keyof typeof turnMs;

const allKinds = Object.keys(turnMs) as Kind[];

const manyRuns = 1_000_000;

interface Options {
  minutes: number;
  seed: number;
  path?: string;
  only?: Kind;
  major: PostgresMajor;
}

interface Soak {
  o: Options;
  database: Database;
  count: Count;
  until: number;
  stop: AbortSignal;
}

const options = readOptions(process.argv.slice(2));
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => interruption.abort());
}
process.exit(await onOwnServer(options, interruption.signal));

async function onOwnServer(o: Options, stop: AbortSignal): Promise<number> {
  const folder = await makeRunFolder();
  const databases = databasesIn(folder.path);
  const template = { ...migrated, major: o.major };
  try {
    await databases.prepare([template]);
    return await databases.withCopy(template, async ({ connected, url }) => {
      await connected(liftTimeouts, "supabase_admin");
      const database = openDatabase(url);
      const until = performance.now() + o.minutes * 60_000;
      try {
        const count = startCounting();
        return await soak({ o, database, count, until, stop });
      } finally {
        await database.close();
      }
    });
  } catch (error) {
    if (!(error instanceof StackProblem)) throw error;
    console.error(error.message);
    return exit.violation;
  } finally {
    await databases.stop();
    folder.remove();
  }
}

async function soak({ o, database, count, until, stop }: Soak) {
  if (o.path !== undefined) return await replay({ o, database, count });
  console.log(
    `Postgres ${o.major}, ${o.minutes} min, all of it from seed ${o.seed}.`,
  );
  const seeds = randomNumbers(o.seed);
  const left = (ms: number) => Math.min(ms, until - performance.now());
  const kinds = o.only ? [o.only] : allKinds;
  for (let turn = 0; performance.now() < until && !stop.aborted; turn++) {
    const kind = kinds[turn % kinds.length];
    // the first turns use the given seed itself, as reports name it
    const seed = turn < kinds.length ? o.seed : seeds.upTo(2 ** 31);
    const ms = left(turnMs[kind]);
    const before = count.calls();
    const violation = await take(kind, { database, count, seed, ms });
    console.log(
      `${clock(o, until)}  ${kind.padEnd(10)}  seed ${
        String(seed).padEnd(11)
      } ${String(count.calls() - before).padStart(6)} calls` +
        (violation ? ": VIOLATION" : ""),
    );
    if (violation) {
      console.error(`\n${violation}`);
      return exit.violation;
    }
  }
  console.log(summary(count));
  return stop.aborted ? exit.interrupted : 0;
}

async function take(
  kind: Kind,
  { database, count, seed, ms }: {
    database: Database;
    count: Count;
    seed: number;
    ms: number;
  },
): Promise<string | undefined> {
  const extent = { runs: manyRuns, seed, ms };
  switch (kind) {
    case "sequential":
      return (await checkSequentially(database, count, extent)).report;
    case "concurrent":
      return (await checkConcurrently(database, count, extent)).report;
    case "mix": {
      const until = performance.now() + ms;
      const isEnough = () => performance.now() >= until;
      const violations = await runMix(database, count, { seed, isEnough });
      return violations.length > 0 ? violations.join("\n") : undefined;
    }
  }
}

async function replay(
  { o, database, count }: Pick<Soak, "o" | "database" | "count">,
): Promise<number> {
  const { seed, path } = o;
  const found = await checkSequentially(database, count, {
    runs: 1,
    seed,
    path,
  });
  if (!found.report) {
    console.log("The database and the model agree on this program now.");
    return 0;
  }
  console.error(found.report);
  return exit.violation;
}

function clock({ minutes }: Options, until: number): string {
  const gone = minutes * 60 - (until - performance.now()) / 1000;
  const seconds = String(Math.floor(gone % 60)).padStart(2, "0");
  return `${String(Math.floor(gone / 60)).padStart(3)}:${seconds}`;
}

function summary(count: Count): string {
  const totals = Object.entries(count.totals())
    .sort(([, a], [, b]) => b - a)
    .map(([what, n]) => `  ${String(n).padStart(8)}  ${what}`);
  return [
    "",
    `${count.calls()} calls, all as the contract says; deadlocks 0, overlaps 0.`,
    ...totals,
  ].join("\n");
}

function readOptions(args: string[]): Options {
  try {
    const text = { type: "string" } as const;
    const { values } = parseArgs({
      args,
      options: {
        minutes: text,
        seed: text,
        path: text,
        only: text,
        postgres: text,
        help: { type: "boolean" },
      },
    });
    if (values.help) {
      console.log(help.trimEnd());
      process.exit(0);
    }
    const minutes = number("--minutes", values.minutes ?? "1");
    if (minutes <= 0) throw new Error("--minutes must be greater than 0.");
    if (values.path !== undefined && values.seed === undefined) {
      throw new Error("--path needs the --seed that was reported with it.");
    }
    const only = allKinds.find((kind) => kind === values.only);
    if (values.only !== only) {
      throw new Error(
        `--only must be one of ${allKinds.join(", ")}, not ${values.only}.`,
      );
    }
    const major = number("--postgres", values.postgres ?? "17");
    if (![15, 16, 17, 18].includes(major)) {
      throw new Error("--postgres must be 15, 16, 17 or 18.");
    }
    if (!hasPostgres(major as PostgresMajor)) {
      throw new Error(`npm has no Postgres ${major} for this platform.`);
    }
    return {
      minutes,
      seed: number("--seed", values.seed ?? `${randomSeed()}`),
      path: values.path,
      only,
      major: major as PostgresMajor,
    };
  } catch (error) {
    console.error((error as Error).message);
    console.error(`"npm run soak -- --help" lists the options.`);
    process.exit(exit.usage);
  }
}

function number(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new Error(`${option} must be a number, not ${text}.`);
}
