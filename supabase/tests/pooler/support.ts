// A migrated database behind a pooler, for all tests of a file.
import {
  type LastingDatabase,
  makeCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import { obstacle, startPooler } from "./pgbouncer.ts";

/** It: `through` the pooler, or beside it. */
export interface PooledDatabase {
  /** A connection string through the pooler. */
  through(role: string): string;
  /** One that goes to the server itself. */
  beside(role: string): string;
}

/** From the file's first test to its last; not made where there is no pooler. */
export function pooledDatabase(o: { poolSize: number }): PooledDatabase {
  let database: LastingDatabase;
  const pooled = {} as PooledDatabase;
  if (obstacle !== undefined) return pooled;

  let ending: () => Promise<void> = () => Promise.resolve();
  Deno.test.beforeAll(async () => {
    database = await makeCopyOf("migrated");
    // as on a hosted server; the one of the tests is in a hurry
    await database.connected(
      (sql) =>
        sql`alter database ${sql(database.name)} set synchronous_commit = on`,
      "supabase_admin",
    );
    const folder = await Deno.makeTempDir({ prefix: "pooler-" });
    const port = Number(new URL(database.url()).port);
    const pooler = await startPooler({ ...o, port, folder });
    pooled.through = (role) => pooler.through(database.url(role));
    pooled.beside = (role) => database.url(role);
    ending = async () => {
      await pooler.stop();
      await database.drop();
      await Deno.remove(folder, { recursive: true });
    };
  });
  Deno.test.afterAll(() => ending());
  return pooled;
}
