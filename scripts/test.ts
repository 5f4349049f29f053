// `npm test`: runs the suites, or those parts of them whose names are given, and
// says what came of it. The last line is the totals.
import process from "node:process";
import { parseArgs } from "node:util";
import { StackProblem } from "./stack/problem.ts";
import { usualMajor } from "./test/databases.ts";
import type { Part } from "./test/part.ts";
import { reportOn } from "./test/report.ts";
import { runParts } from "./test/run_parts.ts";
import { selectParts, vainFilters } from "./test/selection.ts";
import { allParts, majors, partsOn } from "./test/suites.ts";

const help = `npm test -- [options] [filter ...]

Runs all tests, or those whose suite, name or file has one of the filters in it:

  npm test
  npm test -- database
  npm test -- start_session format
  npm test -- supabase/tests/api/retries.test.ts

  --postgres <version>   15, 16, 17 or 18: what depends on it, on that version;
                         all: everything, and that on every version
  --list                 names them, and runs none
  --help                 this text
`;

const usageError = 2;

const began = performance.now();
const parts = readArguments(Deno.args);
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

function readArguments(args: string[]): Part[] {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        postgres: { type: "string" },
        list: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
    if (values.help) {
      console.log(help.trimEnd());
      Deno.exit(0);
    }
    const all = partsFor(values.postgres);
    const vain = vainFilters(all, positionals);
    if (vain.length > 0) {
      throw new Error(
        `There is no test with ${vain.map((f) => `"${f}"`).join(" or ")} in ` +
          `its suite, name or file: "npm test -- --list" names them all.`,
      );
    }
    const selected = selectParts(all, positionals);
    if (values.list) {
      for (const { suite, name } of selected) console.log(`${suite}  ${name}`);
      Deno.exit(0);
    }
    return selected;
  } catch (error) {
    console.error((error as Error).message);
    console.error(`"npm test -- --help" says how it is used.`);
    Deno.exit(usageError);
  }
}

function partsFor(postgres?: string): Part[] {
  if (postgres === undefined) return allParts();
  if (postgres === "all") {
    const others = majors.filter((major) => major !== usualMajor);
    return [...allParts(), ...others.flatMap(partsOn)];
  }
  const major = majors.find((major) => String(major) === postgres);
  if (major) return partsOn(major);
  throw new Error(
    `--postgres wants ${majors.join(", ")} or all: ${postgres}`,
  );
}

/** By a signal; or because scripts/run.mjs was killed, and nobody reads this. */
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
