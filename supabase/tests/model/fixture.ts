// A database for a model test.
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { liftTimeouts } from "../timeouts.ts";
import { makeWrong, type WrongFunction } from "../wrong_functions.ts";
import { type Database, openDatabase } from "./database.ts";
import { mutate, type Mutation } from "./mutations.ts";

/** A copy of the migrated database for `work` alone, optionally with a fault. */
export async function withModelDatabase<T>(
  work: (database: Database) => Promise<T>,
  fault?: WrongFunction | Mutation,
): Promise<T> {
  return await withCopyOf("migrated", async ({ url, connected }) => {
    // The model knows no 55P03: a slow machine must not cause one.
    await connected(liftTimeouts, "supabase_admin");
    const database = openDatabase(url);
    try {
      if (fault) await putIn(database, fault);
      return await work(database);
    } finally {
      await database.close();
    }
  });
}

async function putIn(database: Database, fault: WrongFunction | Mutation) {
  if ("sql" in fault) await makeWrong(database.sql, fault);
  else await mutate(database, fault);
}
