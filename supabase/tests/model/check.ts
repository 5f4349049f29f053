// Runs properties with fast-check, and says of a failure what a person needs to
// see it again.
import { AssertionError } from "node:assert";
import fc from "fast-check";
import type { Database } from "./database.ts";
import { programs } from "./operations.ts";
import { Disagreement, runSequentially } from "./sequential.ts";
import type { Count } from "./telling.ts";

/** How long, and from where. */
export interface Extent {
  /** At most so many programs. */
  runs: number;
  /** What all of them follow from. */
  seed?: number;
  /** Only this one of them. */
  path?: string;
  /** No program begins later than this many milliseconds from now. */
  ms?: number;
  /** Do not look for a shorter program that fails, too. */
  asFound?: boolean;
}

/** What fast-check found. */
export interface Finding {
  seed: number;
  path: string | null;
  /** The failing program as short as it could be made; none if all agree. */
  report?: string;
  /** How many steps it has. */
  steps: number;
}

/** Programs of one step after the other, against the model. */
export async function checkSequentially(
  database: Database,
  count: Count,
  o: Extent,
): Promise<Finding> {
  const connection = database.connect();
  try {
    const result = await fc.check(
      fc.asyncProperty(
        programs,
        (program) => runSequentially(database, connection, program, count),
      ),
      {
        numRuns: o.path ? 1 : o.runs,
        seed: o.seed ?? randomSeed(),
        ...(o.path && { path: o.path }),
        endOnFailure: o.asFound || o.path !== undefined,
        ...(o.ms !== undefined && { interruptAfterTimeLimit: o.ms }),
      },
    );
    const { seed, counterexamplePath: path, errorInstance, numShrinks } =
      result;
    const steps = result.counterexample?.[0].length ?? 0;
    if (!result.failed || result.counterexample === null) {
      return { seed, path, steps };
    }
    if (!(errorInstance instanceof Disagreement)) throw errorInstance;
    return {
      seed,
      path,
      steps,
      report: [
        `The database and the model disagree, after ${numShrinks} attempts to ` +
        `make it shorter:`,
        errorInstance.message,
        `Again: npm run soak -- --seed ${seed} --path ${path}`,
      ].join("\n"),
    };
  } finally {
    await connection.close();
  }
}

/** Fails with the report of a finding. */
export function refute({ report }: { report?: string }) {
  if (report) throw new AssertionError({ message: report });
}

/** Not below nought, as fast-check's own may be: it is typed as an argument. */
export function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
