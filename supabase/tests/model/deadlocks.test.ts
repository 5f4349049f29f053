// Everything at once on few users, for as many calls as show a wrong lock order in
// most runs; `npm run soak` does it for as long as you like.
import assert from "node:assert/strict";
import { endLocksTheSessionFirst } from "../wrong_functions.ts";
import { randomSeed } from "./check.ts";
import { withModelDatabase } from "./fixture.ts";
import { runMix } from "./mix.ts";
import { startCounting } from "./telling.ts";

/** Without these the test would prove little. */
const mustOccur = [
  ...["granted", "granted by takeover", "completed", "disconnected", "revoked"],
  ...["heartbeat_session", "complete_session", "expired", "delete_user"],
  ...["PT401", "PT409", "PT410", "interview continued", "extended"],
  ...["early end", "several calls together"],
];

/** A wrong lock order shows after 5000 calls on average. */
const fewest = 15_000;

/** After so many calls the wrong lock order counts as not found. */
const most = 300_000;

Deno.test("R23 R25 B7 16 connections on four users, three reapers and a deleter among them, also several calls in one transaction: no deadlock, no overlap, no session twice", async () => {
  const count = startCounting();
  const missing = () => mustOccur.filter((what) => !count.totals()[what]);
  const isEnough = () =>
    count.calls() >= fewest && missing().length === 0 || count.calls() >= most;

  const violations = await withModelDatabase((database) =>
    runMix(database, count, { seed: randomSeed(), isEnough })
  );

  assert.deepEqual(violations, []);
  assert.deepEqual(missing(), [], "these never occurred");
  assert(count.totals().pruned > 0, "nothing was pruned");
});

Deno.test(`the mix notices: ${endLocksTheSessionFirst.fault}`, async () => {
  const count = startCounting();
  const isEnough = () => count.calls() >= most;

  const violations = await withModelDatabase(
    (database) => runMix(database, count, { seed: randomSeed(), isEnough }),
    endLocksTheSessionFirst,
  );

  assert(
    violations.some((violation) => violation.includes("40P01")),
    `no deadlock, but ${violations.join("; ") || "nothing"}`,
  );
});
