// What the test runner is made of: parts, each a line of its report. A suite is
// the parts that bear its name.
import type { PostgresMajor } from "../stack/postgres.ts";
import { type Database, type Template, usualMajor } from "./databases.ts";

/** What one part of the tests came to. */
export interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
  /** What a person needs to know of the failures, line by line. */
  details: string[];
  /** Why something was skipped. */
  reason?: string;
}

/** What a part may use. */
export interface Run {
  /** A folder for its files; gone when the run is over. */
  folder: string;
  /** Aborts when the run is interrupted. */
  signal: AbortSignal;
  /** A copy of a template for `work` alone. */
  withDatabase<T>(
    template: Template,
    work: (database: Database) => Promise<T>,
  ): Promise<T>;
  /** A superuser's connection string of a server. */
  adminUrl(major: PostgresMajor): string;
}

/** Something that is run by itself and reported in a line. */
export interface Part {
  /** The suite it belongs to. */
  suite: string;
  /** What it is called in that suite; the path of a file, if it is one. */
  name: string;
  /** The file it runs, if it is one, relative to the repository. */
  file?: string;
  /** The databases that must be there before it starts. */
  needs: Template[];
  run(run: Run): Promise<Outcome>;
}

/** The name of a suite that is run on this Postgres. */
export function suiteOn(suite: string, major: PostgresMajor): string {
  return major === usualMajor ? suite : `${suite}, Postgres ${major}`;
}

/** A check: passed if it returns, skipped if it says why, failed if it throws. */
export function check(
  suite: string,
  name: string,
  o: { needs?: Template[]; run(run: Run): Promise<void | Skipped> },
): Part {
  return {
    suite,
    name,
    needs: o.needs ?? [],
    run: async (run) => {
      const skipped = await o.run(run);
      if (skipped) return { ...nothing, skipped: 1, reason: skipped.reason };
      return { ...nothing, passed: 1 };
    },
  };
}

/** What a check returns that cannot be made here. */
export interface Skipped {
  reason: string;
}

/** An outcome to start from. */
export const nothing: Outcome = {
  passed: 0,
  failed: 0,
  skipped: 0,
  details: [],
};

/** The outcome of a part that could not be run to its end. */
export function broken(error: unknown): Outcome {
  return { ...nothing, failed: 1, details: inWords(error).split("\n") };
}

/** An assertion speaks for itself; of anything else we want to know where. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isForPeople = error.name === "AssertionError" ||
    error.name === "StackProblem";
  const cause = error.cause === undefined
    ? ""
    : `\nbecause: ${inWords(error.cause)}`;
  return (isForPeople ? error.message : error.stack ?? error.message) + cause;
}
