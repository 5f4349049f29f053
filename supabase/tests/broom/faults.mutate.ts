// `npm run mutate` runs this: each mutant makes the answers depend on the reaper, and
// must show in some state, and in some pgTAP file unless it says otherwise.
import assert from "node:assert/strict";
import { makeCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { mutants, withMutant } from "./mutants.ts";
import { filesOf, makeTwins, someFileDiffers, topics } from "./scenarios.ts";
import { dependsOnTheReaper, putApparatus } from "./states.ts";

const enumerated = [await makeCopyOf("migrated")];
await putApparatus(enumerated[0]);
const twins = await makeTwins();

Deno.test.afterAll(async () => {
  for (const database of [...enumerated, ...twins]) await database.drop();
});

for (const mutant of mutants) {
  const { seenIn, forgets, inStatesOnly } = mutant;

  Deno.test(`B1: ${seenIn} is found in some state if it forgets ${forgets}`, async () => {
    assert(
      await withMutant(
        enumerated,
        mutant,
        () => dependsOnTheReaper(enumerated[0], seenIn),
      ),
      "it answers the same in every state",
    );
  });

  if (inStatesOnly) continue;
  Deno.test(`B1: ${seenIn} is found in some pgTAP file if it forgets ${forgets}`, async () => {
    const files = [seenIn, ...topics].flatMap(filesOf);
    assert(
      await withMutant(twins, mutant, () => someFileDiffers(twins, files)),
      `none of ${files.length} files answers differently`,
    );
  });
}
