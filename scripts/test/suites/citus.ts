// The API, the races and the model on a Citus cluster, by the files of their suites,
// and what only a cluster has. Where there is no Postgres with Citus, all of it is
// skipped. Tests that do not apply to a cluster are skipped one by one, each with its
// reason.
import { differences } from "../../../supabase/tests/citus/differences.ts";
import {
  type CitusCluster,
  citusPostgres,
  makeCitusDatabase,
  startCitusCluster,
} from "../citus_cluster.ts";
import { bare, databaseName, migrated } from "../databases.ts";
import { outcomeOfDenoTests } from "../deno_tests.ts";
import { filesBelow } from "../files.ts";
import { check, type Part, type Run } from "../part.ts";

const suite = "citus";

const folders = ["api", "races", "model", "citus"];

/** The parts; extra, because each repeats another one or needs Citus. */
export function citusSuite(): Part[] {
  const found = citusPostgres();
  if ("reason" in found) {
    const all = check(suite, "all of it", {
      run: () => Promise.resolve({ reason: found.reason }),
    });
    return [{ ...all, isExtra: true }];
  }
  let cluster: Promise<CitusCluster> | undefined;
  const clusterOf = (run: Run) => cluster ??= start(run);
  const start = async (run: Run) => {
    const started = await startCitusCluster(found, run.folder);
    run.atEnd(started.stop);
    await makeCitusDatabase(started, databaseName(migrated));
    return started;
  };
  return folders.flatMap((folder) => {
    const path = `supabase/tests/${folder}`;
    return filesBelow(path, ".test.ts").map((file): Part => ({
      suite,
      name: `${folder}/${file.slice(path.length + 1)}`,
      file,
      isExtra: true,
      needs: [],
      run: async (run) => await runOn(await clusterOf(run), run, file),
    }));
  });
}

async function runOn(cluster: CitusCluster, run: Run, file: string) {
  const [coordinator, ...workers] = cluster.nodes.map((node) =>
    node.url("postgres", "supabase_admin")
  );
  return await outcomeOfDenoTests(
    { ...run, adminUrl: () => coordinator },
    file,
    {
      major: cluster.major,
      env: {
        TEST_BARE_TEMPLATE: databaseName(bare),
        TEST_OTHER_NODES: workers.join(" "),
      },
      skipping: differences.filter((one) => one.file === file),
    },
  );
}
