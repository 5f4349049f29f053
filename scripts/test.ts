// `npm test`: runs the tests, or those that the command line names, and prints a
// report. Its last line is the totals.
import process from "node:process";
import { parseArgs } from "node:util";
import { StackProblem } from "./stack/problem.ts";
import { usualMajor } from "./test/databases.ts";
import type { Part } from "./test/part.ts";
import { reportOn } from "./test/report.ts";
import { runParts } from "./test/run_parts.ts";
import { quickParts, selectParts, unmatchedFilters } from "./test/selection.ts";
import { allParts, majors, partsOn } from "./test/suites.ts";

const help = `npm test -- [options] [filter ...]

Runs the tests on Postgres 17, or those of them whose suite, name or file
contains one of the filters:

  npm test
  npm test -- database
  npm test -- start_session format
  npm test -- supabase/tests/api/retries.test.ts

  --quick                while working: format, documentation and, for the files
                         that differ from main, the migrations, pgTAP, API, Edge
                         Function and race tests
  --all                  also the tests that repeat others under other
                         conditions (a pooler, pg_prove), the SDKs of other
                         languages, the docs site, and the SQL on every Postgres;
                         CI runs this
  --postgres <version>   the SQL on Postgres 15, 16, 17 or 18 (all: as --all)
  --list                 lists the tests without running them, and says which
                         only --all or a filter runs
  --help                 this text
`;

const usageError = 2;

const began = performance.now();
const parts = partsFromArguments(Deno.args);
const interruption = untilInterrupted();
const report = reportOn(parts);
try {
  await runParts(parts, report, interruption.signal);
} catch (error) {
  if (!(error instanceof StackProblem)) throw error;
  console.error(error.message);
}
if (interruption.signal.aborted) console.log("Interrupted.");
const { passed, failed } = report.finish((performance.now() - began) / 1000);
Deno.exit(interruption.code ?? (failed > 0 || passed === 0 ? 1 : 0));

function partsFromArguments(args: string[]): Part[] {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        quick: { type: "boolean" },
        all: { type: "boolean" },
        postgres: { type: "string" },
        list: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
    if (values.help) {
      console.log(help.trimEnd());
      Deno.exit(0);
    }
    const candidates = candidatesFor(values);
    requireMatches(candidates, positionals);
    if (values.list) {
      list(
        positionals.length > 0
          ? selectParts(candidates, positionals)
          : candidates,
      );
      Deno.exit(0);
    }
    return selectParts(candidates, positionals);
  } catch (error) {
    console.error((error as Error).message);
    console.error(`"npm test -- --help" lists the options.`);
    Deno.exit(usageError);
  }
}

/** Throws for a filter that matches nothing, or nothing that the options select. */
function requireMatches(candidates: Part[], filters: string[]) {
  const unmatched = unmatchedFilters(candidates, filters);
  if (unmatched.length === 0) return;
  const words = unmatched.map((filter) => `"${filter}"`).join(" or ");
  throw new Error(
    unmatchedFilters(allParts(), unmatched).length === 0
      ? `--quick and --postgres leave out the tests with ${words} in their ` +
        `suite, name or file: run "npm test -- ${unmatched.join(" ")}".`
      : `No test has ${words} in its suite, name or file: ` +
        `"npm test -- --list" lists them.`,
  );
}

function list(parts: Part[]) {
  for (const { suite, name, isExtra } of parts) {
    console.log(`${suite}  ${name}${isExtra ? "  (not in a plain run)" : ""}`);
  }
}

function candidatesFor(
  { quick, all, postgres }: {
    quick?: boolean;
    all?: boolean;
    postgres?: string;
  },
): Part[] {
  if ([quick, all, postgres].filter(Boolean).length > 1) {
    throw new Error("--quick, --all and --postgres exclude one another");
  }
  if (quick) return quickParts(allParts());
  if (all || postgres === "all") {
    const others = majors.filter((major) => major !== usualMajor);
    return [...allParts(), ...others.flatMap(partsOn)].map(asRegular);
  }
  if (postgres === undefined) return allParts();
  const major = majors.find((major) => String(major) === postgres);
  if (major) return partsOn(major).map(asRegular);
  throw new Error(
    `--postgres wants ${majors.join(", ")} or all: ${postgres}`,
  );
}

/** The part, no longer left out of a plain run. */
function asRegular(part: Part): Part {
  return { ...part, isExtra: false };
}

/** Interrupted by a signal, or because scripts/run.mjs was killed. */
function untilInterrupted(): { signal: AbortSignal; code?: number } {
  const controller = new AbortController();
  const interruption: { signal: AbortSignal; code?: number } = {
    signal: controller.signal,
  };
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
  for (const [signal, code] of Object.entries(codes)) {
    Deno.addSignalListener(signal as keyof typeof codes, () => {
      interruption.code ??= code;
      controller.abort();
    });
  }
  const runner = Number(process.env.INTERVIEW_SESSIONS_RUNNER);
  if (runner) {
    setInterval(() => {
      if (process.ppid !== runner) controller.abort();
    }, 500);
  }
  return interruption;
}
