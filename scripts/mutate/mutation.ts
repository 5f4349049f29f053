// What a mutation is: one guard of the SQL removed, and the tests that must then fail.

/** A guard removed. */
export type Mutation = (TextMutation | ObjectMutation) & {
  /** What is missing or wrong. */
  name: string;
  /** What the guard is for. */
  why: string;
  /** The test file that notices, below supabase/tests, without its ending. */
  file: string;
  /** Words in the names of the tests that are run. Absent for a pgTAP file, which runs as
   * a whole. */
  tests?: string;
};

/** A guard in the body of a function. */
interface TextMutation {
  /** The function in the schema sessions. */
  in: string;
  /** The text of the guard, which occurs in the function exactly once. */
  take: string;
  /** Its replacement. */
  put: string;
}

/** A guard that is an object: a constraint, a trigger, a policy, a privilege. */
interface ObjectMutation {
  /** The table or function. */
  in: string;
  /** The statement that removes it. */
  run: string;
}
