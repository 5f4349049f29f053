// No answer depends on the reaper. Every pgTAP file about the functions of the
// contract runs twice, the second time with everything reaped and pruned before
// each call: all answers and refusals must be the same, and the assertions hold.
import assert from "node:assert/strict";
import { join } from "node:path";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import {
  type LastingDatabase,
  makeCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import { filesBelow } from "../../../scripts/test/files.ts";
import { type AccountedRun, comparable, runAccounted } from "./accounts.ts";
import { mutants, withMutant } from "./mutants.ts";
import { type Account, lifecycle, putTwins } from "./twins.ts";

const pgtapFolder = "supabase/tests/database";

/** Folders with tests about more than one function. */
const topics = ["interviews", "retention"];

/** With the twins in place: one without sweeping, one with it. */
const databases: LastingDatabase[] = [];

Deno.test.beforeAll(async () => {
  for (const broom of [false, true]) {
    const database = await makeCopyOf("migrated");
    databases.push(database);
    await putTwins(database, { broom });
  }
});

Deno.test.afterAll(async () => {
  for (const database of databases) await database.drop();
});

const every: Account[] = [];

/** How many rows were swept in each file. */
const sweptIn = new Map<string, number>();

for (const folder of [...lifecycle, ...topics]) {
  for (const file of filesOf(folder)) {
    Deno.test(`B1: ${inShort(file)} answers the same with everything swept before each call`, async () => {
      const [plain, broom] = await bothWays(file);
      every.push(...broom.accounts);
      sweptIn.set(file, sweptBy(broom.accounts));

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

for (const mutant of mutants.filter(({ inStatesOnly }) => !inStatesOnly)) {
  Deno.test(`B1: ${mutant.seenIn} is found if it forgets ${mutant.forgets}`, async () => {
    // where most is swept, a mistake shows first
    const files = [mutant.seenIn, ...topics].flatMap(filesOf)
      .sort((a, b) => (sweptIn.get(b) ?? 0) - (sweptIn.get(a) ?? 0));
    const found = await withMutant(databases, mutant, async () => {
      for (const file of files) {
        const [a, b] = (await bothWays(file))
          .map(({ accounts }) => JSON.stringify(comparable(accounts)));
        if (a !== b) return true;
      }
      return false;
    });

    assert(found, `none of ${files.length} files answers differently`);
  });
}

function filesOf(name: string): string[] {
  return filesBelow(`${pgtapFolder}/${name}`, ".test.sql");
}

function sweptBy(accounts: Account[]): number {
  return accounts.reduce((sum, { swept }) => sum + swept, 0);
}

function inShort(file: string): string {
  return file.slice(pgtapFolder.length + 1, -".test.sql".length);
}

function saidBy({ result }: AccountedRun): string {
  return [result.tap, ...result.problems].join("\n");
}

/** Runs a file in each database, where it leaves nothing but a higher fence. */
async function bothWays(file: string): Promise<AccountedRun[]> {
  return await Promise.all(databases.map(async (database) => {
    await database.connected(async (sql) => {
      const [{ users }] = await sql`
        select count(*)::int as users, setval('sessions.fence', 1, false)
        from auth.users`;
      assert.equal(users, 0, "a file has left something behind");
    });
    return await runAccounted(database, join(repositoryRoot, file));
  }));
}
