// The model test with several clients at once: for each user some order of the
// calls explains all answers.
import assert from "node:assert/strict";
import { startChecksThenActs } from "../wrong_functions.ts";
import { refute } from "./check.ts";
import { checkConcurrently } from "./concurrent.ts";
import { withModelDatabase } from "./fixture.ts";
import { startCounting, untilAllOccur } from "./telling.ts";

/** Without these the test would prove little. */
const mustOccur = [
  ...["granted", "granted by takeover", "renewed by start"],
  ...["heartbeat_session", "complete_session", "delete_user", "revoke_session"],
  ...["PT401", "PT409", "PT410", "completed", "expired", "timed_out"],
  ...["interview continued", "interview completed", "interview timed_out"],
  ...["extended", "early end", "several calls together"],
];

Deno.test("R1 R3 R4 R6 R7 R8 R11 R12 R13 R16 R17 R23 R25 C1 C2 calls at the same time are answered as in some order of them", async () => {
  const count = startCounting();

  const missing = await withModelDatabase((database) =>
    untilAllOccur(
      mustOccur,
      count,
      async () =>
        refute(await checkConcurrently(database, count, { runs: 150 })),
    )
  );

  assert.deepEqual(missing, [], "these never occurred");
});

Deno.test(`the model notices: ${startChecksThenActs.fault}`, async () => {
  const found = await withModelDatabase(
    (database) => checkConcurrently(database, startCounting(), { runs: 1000 }),
    startChecksThenActs,
  );

  assert(found.report, "no program shows it");
});
