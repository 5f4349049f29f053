// No answer depends on the reaper. Every pgTAP file about the functions of the
// contract runs twice, the second time with everything reaped and pruned before
// each call: all answers and refusals must be the same, and the assertions hold.
import assert from "node:assert/strict";
import type { LastingDatabase } from "../../../scripts/test/databases_fixture.ts";
import { holdsWhatIsOver } from "../wrong_functions.ts";
import { type AccountedRun, comparable } from "./accounts.ts";
import {
  bothWays,
  filesOf,
  makeTwins,
  pgtapFolder,
  someFileDiffers,
  topics,
} from "./scenarios.ts";
import { type Account, lifecycle } from "./twins.ts";

let databases: LastingDatabase[] = [];

Deno.test.beforeAll(async () => {
  databases = await makeTwins();
});

Deno.test.afterAll(async () => {
  for (const database of databases) await database.drop();
});

const every: Account[] = [];

for (const folder of [...lifecycle, ...topics]) {
  for (const file of filesOf(folder)) {
    Deno.test(`B1: ${inShort(file)} answers the same with everything swept before each call`, async () => {
      const [plain, broom] = await bothWays(databases, file);
      every.push(...broom.accounts);

      assert.deepEqual(
        comparable(broom.accounts),
        comparable(plain.accounts),
      );
      assert(plain.result.ok, saidBy(plain));
      assert(broom.result.ok, saidBy(broom));
      assert.equal(broom.result.tap, plain.result.tap);
    });
  }
}

Deno.test("B1: before calls of each function there was something to sweep", () => {
  const swept = (name: string) =>
    sweptBy(every.filter(({ call }) => call === name));
  const counts = lifecycle.map((name) => `${name} ${swept(name)}`);
  console.log(`${every.length} calls; rows swept: ${counts.join(", ")}`);

  // where user_holds_session() is asked, holds_session() was asked before
  const others = lifecycle.filter((name) => name !== "user_holds_session");
  assert.deepEqual(others.filter((name) => swept(name) === 0), []);
});

Deno.test(`B1: a wrong function is noticed: ${holdsWhatIsOver.fault}`, async () => {
  const wrong = await makeTwins(holdsWhatIsOver);
  try {
    assert(await someFileDiffers(wrong, filesOf("holds_session")));
  } finally {
    for (const database of wrong) await database.drop();
  }
});

function sweptBy(accounts: Account[]): number {
  return accounts.reduce((sum, { swept }) => sum + swept, 0);
}

function inShort(file: string): string {
  return file.slice(pgtapFolder.length + 1, -".test.sql".length);
}

function saidBy({ result }: AccountedRun): string {
  return [result.tap, ...result.problems].join("\n");
}
