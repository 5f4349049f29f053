// The units of the test runner: parts, each a line of the report. A suite is all
// parts with its name.
import type { PostgresMajor } from "../stack/postgres.ts";
import { type Database, type Template, usualMajor } from "./databases.ts";

/** The result of one part. */
export interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
  /** What to print about the failures, line by line. */
  details: string[];
  /** Why something was skipped. */
  reason?: string;
}

/** What a part may use. */
export interface Run {
  /** A folder for its files, removed when the run is over. */
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
  /** Does this before the folder is removed. */
  atEnd(work: () => Promise<void>): void;
}

/** A unit that is run by itself and reported in a line. */
export interface Part {
  /** The suite it belongs to. */
  suite: string;
  /** Its name in that suite; for a file, its path. */
  name: string;
  /** The file that it runs, if any, relative to the repository. */
  file?: string;
  /** The databases that must exist before it starts. */
  needs: Template[];
  /** Left out of a plain run: `--all` or a filter runs it. */
  isExtra?: boolean;
  run(run: Run): Promise<Outcome>;
}

/** The name of a suite on this version of Postgres. */
export function suiteOn(suite: string, major: PostgresMajor): string {
  return major === usualMajor ? suite : `${suite}, Postgres ${major}`;
}

/** A check passes if it returns, is skipped if it gives a reason, fails if it
 * throws. */
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

/** What a check returns if it cannot run on this machine. */
export interface Skipped {
  reason: string;
}

/** An empty outcome. */
export const nothing: Outcome = {
  passed: 0,
  failed: 0,
  skipped: 0,
  details: [],
};

/** The outcome of a part that threw. */
export function broken(error: unknown): Outcome {
  return { ...nothing, failed: 1, details: inWords(error).split("\n") };
}

/** An assertion explains itself; other errors come with their stack. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isForPeople = error.name === "AssertionError" ||
    error.name === "StackProblem";
  const cause = error.cause === undefined
    ? ""
    : `\nbecause: ${inWords(error.cause)}`;
  return (isForPeople ? error.message : error.stack ?? error.message) + cause;
}
