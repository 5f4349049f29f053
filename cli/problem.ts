// What a command says when it cannot go on. Everything else that is thrown is a
// bug and keeps its stack trace.

/** Exit codes; `critical` is only for `reap`. */
export const exitCode = { ok: 0, wrong: 1, usage: 2, critical: 3 } as const;

/** Something is wrong; the message says what, and what to do. */
export class Problem extends Error {
  override name = "Problem";
}

/** The command line or the environment is wrong. */
export class UsageProblem extends Error {
  override name = "UsageProblem";
}
