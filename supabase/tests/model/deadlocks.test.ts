// Everything at once on few users, for ten seconds at least; "npm run soak" does it for
// as long as you like.
import assert from "node:assert/strict";
import { randomSeed } from "./check.ts";
import { withModelDatabase } from "./fixture.ts";
import { runMix } from "./mix.ts";
import { userNotHeld } from "./mutations.ts";
import { startCounting } from "./telling.ts";

/** What all of it is worth nothing without. */
const mustOccur = [
  ...["granted", "granted by takeover", "completed", "disconnected", "revoked"],
  ...["heartbeat_session", "complete_session", "expired", "delete_user"],
  ...["PT401", "PT409", "PT410"],
];

Deno.test("R23 R25 16 connections on four users, three reapers and a deleter among them: no deadlock, no overlap, no session twice", async () => {
  const count = startCounting();
  const seed = randomSeed();

  const missing = () => mustOccur.filter((what) => !count.totals()[what]);
  const hasSeenEnough = () => missing().length === 0;

  const violations = await withModelDatabase((database) =>
    runMix(database, count, { ms: 10_000, seed, hasSeenEnough })
  );

  assert.deepEqual(violations, []);
  assert.deepEqual(missing(), [], "this never came about");
});

Deno.test(`the mix notices: ${userNotHeld.fault}`, async () => {
  const violations = await withModelDatabase(
    (database) =>
      runMix(database, startCounting(), { ms: 120_000, seed: randomSeed() }),
    userNotHeld,
  );

  assert(
    violations.some((violation) => violation.includes("40P01")),
    `no deadlock, but ${violations.join("; ") || "nothing"}`,
  );
});
