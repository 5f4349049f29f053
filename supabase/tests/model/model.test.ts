// The model test, one call after the other: random users, operations, arguments
// and times against the contract as pure functions (model.ts).
import assert from "node:assert/strict";
import { checkSequentially, refute } from "./check.ts";
import { withModelDatabase } from "./fixture.ts";
import { holdsWhatIsOver } from "../wrong_functions.ts";
import { startCounting, untilAllOccur } from "./telling.ts";

/** Without these the test would prove little. */
const mustOccur = [
  ...["start_session", "heartbeat_session", "complete_session", "end_session"],
  ...["holds_session", "user_holds_session", "revoke_session"],
  ...["extend_interview", "reap_stale_sessions"],
  ...["select_live", "select_history", "select_interviews", "delete_user"],
  ...["granted", "granted by takeover", "renewed by start", "holds"],
  ...["interview continued", "interview completed", "interview timed_out"],
  ...["extended", "early end", "a start after its end"],
  ...["pruned", "interviews pruned", "a forgotten id starts again"],
  ...["PT401", "PT409", "PT410", "22023"],
  ...["completed", "disconnected", "cleared"],
  ...["expired", "timed_out", "revoked"],
];

Deno.test("M1 M3 M4 M7 M10 B1 B3 B4 B6 B7 C1 C2 C7 random programs are answered as the model says, and leave what it says", async () => {
  const count = startCounting();

  const missing = await withModelDatabase((database) =>
    untilAllOccur(
      mustOccur,
      count,
      async () =>
        refute(await checkSequentially(database, count, { runs: 100 })),
    )
  );

  assert.deepEqual(missing, [], "these never occurred");
});

Deno.test("a wrong function is noticed, and reported as a short program, with the command that replays it", async () => {
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
    assert(again.report, "the replay does not show it");
  }, holdsWhatIsOver);
});
