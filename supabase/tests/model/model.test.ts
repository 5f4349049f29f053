// The model test, one call after the other: random users, operations, arguments
// and times against the contract as a page of TypeScript.
import assert from "node:assert/strict";
import { checkSequentially, refute } from "./check.ts";
import { withModelDatabase } from "./fixture.ts";
import { seenOneByOne } from "./mutations.ts";
import { startCounting } from "./telling.ts";

/** What all of it is worth nothing without. */
const mustOccur = [
  ...["start_session", "heartbeat_session", "complete_session", "end_session"],
  ...["holds_session", "revoke_session", "reap_stale_sessions", "select_own"],
  ...["granted", "granted by takeover", "renewed by start", "holds"],
  ...["PT401", "PT409", "PT410", "22023", "delete_user", "pruned"],
  ...["completed", "disconnected", "cleared"],
  ...["expired", "timed_out", "revoked"],
];

Deno.test("M1 M3 M4 M7 M10 B1 B3 B4 B6 B7 random programs are answered as the model says, and leave what it says", async () => {
  const count = startCounting();

  await withModelDatabase(async (database) =>
    refute(await checkSequentially(database, count, { runs: 100 }))
  );

  const missing = mustOccur.filter((what) => !count.totals()[what]);
  assert.deepEqual(missing, [], "this never came about");
});

for (const mutation of seenOneByOne) {
  Deno.test(`the model notices: ${mutation.fault}`, async () => {
    const found = await withModelDatabase(
      (database) =>
        checkSequentially(database, startCounting(), {
          runs: 300,
          asFound: true,
        }),
      mutation,
    );

    assert(found.report, "nobody noticed");
  });
}

Deno.test("a disagreement is reported as a short program, and as the command that shows it again", async () => {
  const [mutation] = seenOneByOne;
  await withModelDatabase(async (database) => {
    const count = startCounting();
    const found = await checkSequentially(database, count, { runs: 300 });

    assert(found.report && found.path);
    assert(found.steps <= 10, found.report);
    assert.match(found.report, /^ {2}1\. \w+: start_session\(/m);
    assert(
      found.report.endsWith(
        `npm run soak -- --seed ${found.seed} --path ${found.path}`,
      ),
    );

    const { seed, path } = found;
    const again = await checkSequentially(database, count, {
      runs: 1,
      seed,
      path,
    });
    assert.equal(again.steps, found.steps);
    assert(again.report, "it does not show again");
  }, mutation);
});
