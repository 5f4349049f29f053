// The one rule: the reaper is a broom. Every pgTAP file of the lifecycle is run
// twice, the second time with the broom passing over all stale rows before each
// call; every answer and every refusal must be the same, and the assertions hold.
import assert from "node:assert/strict";
import { join } from "node:path";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import {
  type LastingDatabase,
  makeCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import { filesBelow } from "../../../scripts/test/files.ts";
import { type AccountedRun, runAccounted, timesAside } from "./accounts.ts";
import { mutants, withMutant } from "./mutants.ts";
import { type Account, lifecycle, putTwins } from "./twins.ts";

const pgtapFolder = "supabase/tests/database";

/** With the twins in place: without the broom, and with it. */
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

/** How many stale rows the broom took away in each file. */
const sweptIn = new Map<string, number>();

for (const name of lifecycle) {
  for (const file of filesOf(name)) {
    Deno.test(`B1: ${inShort(file)} answers the same with the broom passing before each call`, async () => {
      const [plain, broom] = await bothWays(file);
      every.push(...broom.accounts);
      sweptIn.set(file, sweptBy(broom.accounts));

      assert.deepEqual(
        timesAside(broom.accounts),
        timesAside(plain.accounts),
      );
      assert(plain.result.ok, saidBy(plain));
      assert(broom.result.ok, saidBy(broom));
      assert.equal(broom.result.tap, plain.result.tap);
    });
  }
}

Deno.test("B1: the witness: before calls of each function the broom had something to take away", () => {
  const swept = (name: string) =>
    sweptBy(every.filter(({ call }) => call === name));
  const counts = lifecycle.map((name) => `${name} ${swept(name)}`);
  console.log(`${every.length} calls; stale rows swept: ${counts.join(", ")}`);

  assert.deepEqual(lifecycle.filter((name) => swept(name) === 0), []);
});

for (const mutant of mutants.filter(({ inTimesOnly }) => !inTimesOnly)) {
  Deno.test(`B1: ${mutant.seenIn} is found if it forgets ${mutant.forgets}`, async () => {
    // where the broom has most to take away, a mistake shows first
    const files = filesOf(mutant.seenIn)
      .sort((a, b) => (sweptIn.get(b) ?? 0) - (sweptIn.get(a) ?? 0));
    const found = await withMutant(databases, mutant, async () => {
      for (const file of files) {
        const [a, b] = (await bothWays(file))
          .map(({ accounts }) => JSON.stringify(timesAside(accounts)));
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

/** Runs a file in each database. It leaves nothing in it but a higher fence. */
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
