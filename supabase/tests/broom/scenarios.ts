// What the tests share that run pgTAP files twice: with and without everything swept
// before each call.
import assert from "node:assert/strict";
import { join } from "node:path";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import {
  type LastingDatabase,
  makeCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import { filesBelow } from "../../../scripts/test/files.ts";
import { makeWrong, type WrongFunction } from "../wrong_functions.ts";
import { type AccountedRun, comparable, runAccounted } from "./accounts.ts";
import { putTwins } from "./twins.ts";

/** The folder of the pgTAP files. */
export const pgtapFolder = "supabase/tests/database";

/** Folders with tests about more than one function. */
export const topics = ["interviews", "retention"];

/** The pgTAP files of a folder. */
export function filesOf(folder: string): string[] {
  return filesBelow(`${pgtapFolder}/${folder}`, ".test.sql");
}

/** Two databases with the twins in place: one without sweeping, one with it. */
export async function makeTwins(
  wrong?: WrongFunction,
): Promise<LastingDatabase[]> {
  const databases: LastingDatabase[] = [];
  for (const broom of [false, true]) {
    const database = await makeCopyOf("migrated");
    databases.push(database);
    if (wrong) await database.connected((sql) => makeWrong(sql, wrong));
    await putTwins(database, { broom });
  }
  return databases;
}

/** Runs a file in each database, where it leaves nothing but a higher fence. */
export async function bothWays(
  databases: LastingDatabase[],
  file: string,
): Promise<AccountedRun[]> {
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

/** Does one of the files get different answers once everything is swept? */
export async function someFileDiffers(
  databases: LastingDatabase[],
  files: string[],
): Promise<boolean> {
  for (const file of files) {
    const [a, b] = (await bothWays(databases, file))
      .map(({ accounts }) => JSON.stringify(comparable(accounts)));
    if (a !== b) return true;
  }
  return false;
}
