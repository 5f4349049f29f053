// A database for a model test.
import { withCopyOf } from "../../../scripts/test/databases_fixture.ts";
import { liftTimeouts } from "../timeouts.ts";
import { type Database, openDatabase } from "./database.ts";
import { mutate, type Mutation } from "./mutations.ts";

/** A copy of the migrated database for `work` alone, optionally with a fault. */
export async function withModelDatabase<T>(
  work: (database: Database) => Promise<T>,
  fault?: Mutation,
): Promise<T> {
  return await withCopyOf("migrated", async ({ url, connected }) => {
    // The model knows no 55P03: a slow machine must not cause one.
    await connected(liftTimeouts, "supabase_admin");
    const database = openDatabase(url);
    try {
      if (fault) await mutate(database, fault);
      return await work(database);
    } finally {
      await database.close();
    }
  });
}
