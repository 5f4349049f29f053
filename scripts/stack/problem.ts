// Errors that a person can act on. Whatever starts the stack prints their
// message alone; everything else that is thrown is a bug and keeps its trace.

/** Something is wrong with the surroundings; the message says what to do. */
export class StackProblem extends Error {
  override name = "StackProblem";
}
