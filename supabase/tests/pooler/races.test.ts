// All races once more, with a pooler between the clients and the server (R27):
// who waits for whom is still looked up at the server itself.
import assert from "node:assert/strict";
import { filesBelow } from "../../../scripts/test/files.ts";
import { until } from "../waiting.ts";
import { granted, race, racesGoThrough } from "../races/harness.ts";
import { obstacle } from "./pgbouncer.ts";
import { pooledDatabase } from "./support.ts";

// some races have more tabs than that, which then wait for a connection first
const database = pooledDatabase({ poolSize: 20 });
racesGoThrough(database);

if (obstacle !== undefined) {
  Deno.test.ignore(`R27: the races through PgBouncer (${obstacle})`, () => {});
} else {
  race(
    "R27 two tabs change places: each transaction has the backend that is free",
    async (scene) => {
      const [a, b] = await scene.tabs(2);
      granted(await a.start("a"));
      let first = a.pid;
      // the pooler frees a backend some time after its client has the answer
      await until("the other tab has the backend of the first", async () => {
        granted(await a.heartbeat("a"));
        first = a.pid;
        await b.begin();
        if (b.pid !== first) await b.rollback();
        return b.pid === first;
      });

      granted(await a.heartbeat("a").passes(b));

      assert.notEqual(a.pid, first);
      await b.rollback();
      await scene.leaves({ live: "a" });
    },
  );

  const folder = "supabase/tests/races";
  for (const file of filesBelow(folder, ".test.ts")) {
    await import(`../races${file.slice(folder.length)}`);
  }
}
