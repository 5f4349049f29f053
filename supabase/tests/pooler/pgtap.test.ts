// The whole contract, which is the pgTAP files, through a pooler (R27): each is
// a transaction, so that any connection of the server's will do.
import assert from "node:assert/strict";
import { join } from "node:path";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { runPgtapFile } from "../../../scripts/test/pgtap.ts";
import { pgtapFiles } from "../../../scripts/test/suites/database.ts";
import { testUnless } from "../faults/support.ts";
import { obstacle } from "./pgbouncer.ts";
import { pooledDatabase } from "./support.ts";

const database = pooledDatabase({ poolSize: 2 });

for (const file of pgtapFiles()) {
  const name = file.slice("supabase/tests/database/".length);
  testUnless(obstacle, `R27: ${name} through PgBouncer`, async () => {
    const path = join(repositoryRoot, file);
    const result = await runPgtapFile(database.through("postgres"), path);
    assert(result.ok, [result.tap, ...result.problems].join("\n"));
    assert(result.passed > 0);
  });
}
