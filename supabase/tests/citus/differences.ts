// Tests of other suites that a Citus cluster does not pass, and why not. Most of them do
// something to the tables that no function of the component does.

/** Tests of one file. */
export interface Difference {
  file: string;
  /** What their names match. */
  tests: RegExp;
  reason: string;
}

const api = "supabase/tests/api";
const races = "supabase/tests/races";
const model = "supabase/tests/model";

/** The lock of a user is the row in sessions.users; citus/locks.test.ts tests it. */
const ownLock = "locks auth.users, or an advisory lock, in place of the call";
/** docs/citus.md says what a transaction gets instead. */
const snapshots =
  "each node takes its snapshot at the first statement that goes there";
const triggers = "creates a trigger on a distributed table";
const shards = "locks rows of several shards in one statement";
const ownTable = "a table of the app references a distributed table";
const ownFault =
  "puts a wrong function in place that is written for one machine";

/** All of them. */
export const differences: Difference[] = [
  {
    file: `${model}/concurrent.test.ts`,
    tests: /^the model notices/,
    reason: ownFault,
  },
  {
    file: `${model}/model.test.ts`,
    tests: /^a wrong function is noticed/,
    reason: ownFault,
  },
  {
    file: `${model}/deadlocks.test.ts`,
    tests: /^the mix notices/,
    reason: ownFault,
  },
  { file: `${api}/durability.test.ts`, tests: /^/, reason: triggers },
  {
    file: `${api}/plan.test.ts`,
    tests: /^M16 several users: 200 at once/,
    reason: "two users may have the same fence",
  },
  { file: `${races}/guard.test.ts`, tests: /^/, reason: ownTable },
  {
    file: `${races}/interview.test.ts`,
    tests: /a row of the app that refers/,
    reason: ownTable,
  },
  {
    file: `${races}/interview.test.ts`,
    tests: /^C1 R8 the (interview's time|session) runs out while/,
    reason: shards,
  },
  {
    file: `${races}/isolation.test.ts`,
    tests: /since.*40001/,
    reason: snapshots,
  },
  {
    file: `${races}/lock_timeout.test.ts`,
    tests: /^B6 each call gives up/,
    reason: shards,
  },
  {
    file: `${races}/lock_timeout.test.ts`,
    tests: /^B6 S5 (.* in this order|each lock is held for longer)/,
    reason: ownLock,
  },
  {
    file: `${races}/many.test.ts`,
    tests: /^S8/,
    reason: "reads the table and calls functions in one statement, which " +
      "Citus does as two roles and refuses",
  },
  {
    file: `${races}/reaper.test.ts`,
    tests: /^R6 a heartbeat commits between/,
    reason: "creates a policy with a function of the app's own",
  },
  {
    file: `${races}/reaper.test.ts`,
    tests:
      /^(R6 a heartbeat comes while|R25 a reaper.* in mid-batch|S2 R25 a lock of the app)/,
    reason: triggers,
  },
  {
    file: `${races}/reaper.test.ts`,
    tests: /^R23 a user is locked/,
    reason: ownLock,
  },
  {
    file: `${races}/reaper.test.ts`,
    tests: /^S2 R25 (two reapers at once, and|the first of two reapers)/,
    reason: "joins tables by another column than the user",
  },
  {
    file: `${races}/reaper.test.ts`,
    tests: /^S21/,
    reason:
      "the triggers of auth.users do what the foreign keys do elsewhere, " +
      "and are switched off",
  },
  {
    file: `${races}/user_deletion.test.ts`,
    tests: /^R23 the user is locked and then deleted/,
    reason: ownLock,
  },
];
