// Tests of other suites that a Citus cluster does not pass, and why not.

/** Tests of one file with one reason. */
export interface Difference {
  file: string;
  tests: string[];
  reason: string;
}

/** All of them. */
export const differences: Difference[] = [];
