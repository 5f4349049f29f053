// Everything at once on few users, for a number of calls that shows a wrong lock
// order in most runs; "npm run soak" does it for as long as you like.
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

/** A wrong lock order shows after 5000 on average. */
const fewest = 15_000;

/** With a wrong lock order; it has then not been found. */
const most = 300_000;

Deno.test("R23 R25 17 connections on four users, three reapers and a deleter among them: no deadlock, no overlap, no session twice", async () => {
  const count = startCounting();
  const missing = () => mustOccur.filter((what) => !count.totals()[what]);
  const isEnough = () =>
    count.calls() >= fewest && missing().length === 0 || count.calls() >= most;

  const violations = await withModelDatabase((database) =>
    runMix(database, count, { seed: randomSeed(), isEnough })
  );

  assert.deepEqual(violations, []);
  assert.deepEqual(missing(), [], "this never came about");
  assert(count.totals().pruned > 0, "nothing was pruned");
});

Deno.test(`the mix notices: ${userNotHeld.fault}`, async () => {
  const count = startCounting();
  const isEnough = () => count.calls() >= most;

  const violations = await withModelDatabase(
    (database) => runMix(database, count, { seed: randomSeed(), isEnough }),
    userNotHeld,
  );

  assert(
    violations.some((violation) => violation.includes("40P01")),
    `no deadlock, but ${violations.join("; ") || "nothing"}`,
  );
});
