// No answer depends on the reaper, by enumeration: in every state that a user can
// be in, every call answers the same whether or not everything was reaped and pruned
// before, and leaves the same once everything is. So then does every sequence of
// calls, because each starts from what the one before has left.
//
// Left out is what reports on the reaper: session_health() and reap_stale_sessions().
import assert from "node:assert/strict";
import {
  type LastingDatabase,
  makeCopyOf,
  withCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import { holdsWhatIsOver, makeWrong } from "../wrong_functions.ts";
import {
  calls,
  dependsOnTheReaper,
  outcomes,
  putApparatus,
  states,
} from "./states.ts";

/** Nothing that is done in it stays. */
let database: LastingDatabase;

Deno.test.beforeAll(async () => {
  database = await makeCopyOf("migrated");
  await putApparatus(database);
});
Deno.test.afterAll(() => database.drop());

for (const asked of new Set(calls.map(({ of }) => of))) {
  const theCalls = calls.filter(({ of }) => of === asked);

  Deno.test(`B1: ${asked} answers the same in each of ${states.length} states and leaves the same, swept or not: ${theCalls.length} calls`, async () => {
    let [answered, refused] = [0, 0];
    for await (const found of outcomes(database, theCalls)) {
      for (const { state, call, without, swept } of found) {
        assert.deepEqual(swept, without, `${call} with ${state}`);
        if ("answer" in without) answered++;
        else refused++;
      }
    }

    assert.equal(answered + refused, states.length * theCalls.length);
    console.log(
      `${asked}: ${answered + refused} combinations, ` +
        `${answered} answered, ${refused} refused`,
    );
  });
}

Deno.test(`B1: a wrong function is noticed: ${holdsWhatIsOver.fault}`, async () => {
  await withCopyOf("migrated", async (wrong) => {
    await wrong.connected((sql) => makeWrong(sql, holdsWhatIsOver));
    await putApparatus(wrong);

    assert(await dependsOnTheReaper(wrong, "holds_session"));
  });
});
