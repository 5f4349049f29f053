// The model test with several clients at once: for each user some order of the
// calls explains all answers, or there was a moment that is not of the contract.
import assert from "node:assert/strict";
import { refute } from "./check.ts";
import { checkConcurrently } from "./concurrent.ts";
import { withModelDatabase } from "./fixture.ts";
import { seenTogether } from "./mutations.ts";
import { startCounting } from "./telling.ts";

/** What all of it is worth nothing without. */
const mustOccur = [
  ...["granted", "granted by takeover", "renewed by start"],
  ...["heartbeat_session", "complete_session", "delete_user", "revoke_session"],
  ...["PT401", "PT409", "PT410", "completed", "expired", "timed_out"],
];

Deno.test("R1 R3 R4 R6 R7 R8 R11 R12 R13 R16 R17 R23 R25 calls at the same time are answered as in some order of them", async () => {
  const count = startCounting();

  await withModelDatabase(async (database) =>
    refute(await checkConcurrently(database, count, { runs: 100 }))
  );

  const missing = mustOccur.filter((what) => !count.totals()[what]);
  assert.deepEqual(missing, [], "this never came about");
});

for (const mutation of seenTogether) {
  Deno.test(`the model notices: ${mutation.fault}`, async () => {
    const found = await withModelDatabase(
      (database) =>
        checkConcurrently(database, startCounting(), { runs: 1000 }),
      mutation,
    );

    assert(found.report, "nobody noticed");
  });
}
