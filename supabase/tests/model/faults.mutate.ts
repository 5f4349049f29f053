// `npm run mutate` runs this: the model must notice each of the mutations.
import assert from "node:assert/strict";
import { checkSequentially, randomSeed } from "./check.ts";
import { checkConcurrently } from "./concurrent.ts";
import { withModelDatabase } from "./fixture.ts";
import { runMix } from "./mix.ts";
import { seenOneByOne, seenTogether, userNotLocked } from "./mutations.ts";
import { startCounting } from "./telling.ts";

for (const mutation of seenOneByOne) {
  Deno.test(`the model notices: ${mutation.fault}`, async () => {
    const found = await withModelDatabase(
      (database) =>
        checkSequentially(database, startCounting(), {
          runs: 1500,
          asFound: true,
        }),
      mutation,
    );

    assert(found.report, "no program shows it");
  });
}

for (const mutation of seenTogether) {
  Deno.test(`the model notices: ${mutation.fault}`, async () => {
    const found = await withModelDatabase(
      (database) =>
        checkConcurrently(database, startCounting(), { runs: 1000 }),
      mutation,
    );

    assert(found.report, "no program shows it");
  });
}

Deno.test(`the mix notices: ${userNotLocked.fault}`, async () => {
  const count = startCounting();
  const violations = await withModelDatabase(
    (database) =>
      runMix(database, count, {
        seed: randomSeed(),
        isEnough: () => count.calls() >= 300_000,
      }),
    userNotLocked,
  );

  // A deadlock, or a foreign key that fails because the user is deleted meanwhile.
  assert(violations.length > 0, "nothing shows it");
});
