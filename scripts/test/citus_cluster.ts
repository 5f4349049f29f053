// A Citus cluster for tests: a coordinator and two workers, from the Postgres whose
// pg_config CITUS_PG_CONFIG names. A database of the cluster has the same name on
// each node, so a copy of it is a copy on each node.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import postgres from "postgres";
import { bootstrapCluster, bootstrapDatabase } from "../stack/bootstrap.ts";
import { pushMigrations } from "../stack/migrations.ts";
import { repositoryRoot } from "../stack/paths.ts";
import { recipesOf } from "./recipes.ts";
import { freePort } from "../stack/ports.ts";
import { until } from "../../supabase/tests/waiting.ts";
import {
  type PostgresMajor,
  type PostgresServer,
  startPostgres,
} from "../stack/postgres.ts";

/** A Postgres with Citus. */
export interface CitusPostgres {
  bin: string;
  major: PostgresMajor;
}

/** Nodes that accept connections; the first is the coordinator. */
export interface CitusCluster {
  major: PostgresMajor;
  nodes: PostgresServer[];
  stop(): Promise<void>;
}

const superuser = "supabase_admin";

const recipe = recipesOf("docs/citus.md");

/** Few, since each database has all of them; more than a shard on each worker. */
const shards = 4;

/** The Postgres of CITUS_PG_CONFIG, or why there is none. */
export function citusPostgres(): CitusPostgres | { reason: string } {
  const pgConfig = process.env.CITUS_PG_CONFIG;
  if (!pgConfig) {
    return {
      reason: "CITUS_PG_CONFIG is not set: it names the pg_config of a " +
        "Postgres that has Citus",
    };
  }
  const ask = (what: string) =>
    execFileSync(pgConfig, [what], { encoding: "utf8" }).trim();
  const control = join(ask("--sharedir"), "extension", "citus.control");
  if (!fs.existsSync(control)) {
    return { reason: `the Postgres of CITUS_PG_CONFIG has no ${control}` };
  }
  const major = Number(/\d+/.exec(ask("--version"))?.[0]) as PostgresMajor;
  return { bin: ask("--bindir"), major };
}

/** Starts the nodes in `folder`. */
export async function startCitusCluster(
  { bin, major }: CitusPostgres,
  folder: string,
  { durable } = { durable: false },
): Promise<CitusCluster> {
  const nodes = await Promise.all(
    ["coordinator", "worker-1", "worker-2"].map((name) =>
      startPostgres({
        major,
        bin,
        dataDir: join(folder, name),
        port: freePort(),
        durable,
        logFile: join(folder, `${name}.log`),
        settings,
      })
    ),
  );
  await Promise.all(nodes.map(bootstrapCluster));
  return {
    major,
    nodes,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

const settings = {
  shared_preload_libraries: "citus",
  // to move shards without blocking writes
  wal_level: "logical",
  max_prepared_transactions: "300",
  // each database has a maintenance daemon
  max_worker_processes: "100",
  max_connections: "500",
  "citus.node_conninfo": "sslmode=disable",
  "citus.shard_count": String(shards),
  // the copies of the tests are deleted within minutes
  "citus.recover_2pc_interval": "-1",
  "citus.enable_statistics_collection": "off",
};

/** Makes a database of the cluster: a hosted project with the migrations applied,
 * then supabase/scale/citus.sql. */
export async function makeCitusDatabase(
  { nodes }: CitusCluster,
  name: string,
) {
  const [coordinator, ...workers] = nodes;
  await bootstrapDatabase(coordinator, name);
  await pushMigrations(coordinator.url(name));
  for (const worker of workers) {
    await as(worker.url("postgres", superuser), async (sql) => {
      await sql`create database ${sql(name)} owner postgres`;
    });
  }
  for (const node of nodes) {
    await as(
      node.url(name, superuser),
      (sql) => sql.unsafe(recipe("each-node.sql")).simple(),
    );
  }
  await as(coordinator.url(name, superuser), async (sql) => {
    const ports = [coordinator, ...workers].map(({ port }) => port);
    const nodes = recipe("nodes.sql").replaceAll(
      /'10\.0\.0\.(\d)', 5432/g,
      (_, place) => `'127.0.0.1', ${ports[Number(place) - 1]}`,
    );
    await sql.unsafe(nodes).simple();
    await sql.unsafe(
      fs.readFileSync(
        join(repositoryRoot, "supabase", "scale", "citus.sql"),
        "utf8",
      ),
    ).simple();
    // for tests that make a request's settings in one statement
    await sql`
      grant execute on function public.pass_claims() to authenticator`;
  });
  for (const node of nodes) {
    await as(node.url(name, superuser), (sql) => letTestsMoveTime(sql));
    await endDaemon(node, name);
  }
}

/** Lets tests put times back with an UPDATE, in which Citus takes no function that may
 * depend on the time zone. That of the tests is UTC. The suite "citus" undoes it. */
async function letTestsMoveTime(sql: postgres.Sql) {
  await sql`
    alter function pg_catalog.timestamptz_mi_interval(timestamptz, interval)
    immutable`;
  await sql`alter function pg_catalog.clock_timestamp() stable`;
}

/** Ends Citus' maintenance daemon until somebody connects: a database to which one is
 * connected cannot be copied. */
async function endDaemon(node: PostgresServer, name: string) {
  await as(node.url("postgres", superuser), async (sql) => {
    const others = () =>
      sql`
        select pg_terminate_backend(pid)
        from pg_stat_activity
        where datname = ${name}`;
    await until(
      "nothing is connected to the template",
      async () => (await others()).length === 0,
    );
  });
}

async function as(url: string, work: (sql: postgres.Sql) => Promise<unknown>) {
  const sql = postgres(url, {
    max: 1,
    prepare: false,
    fetch_types: false,
    onnotice: () => {},
  });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
}
