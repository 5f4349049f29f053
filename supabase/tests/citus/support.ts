// A database of the cluster, and calls that enter through a node of it.
import assert from "node:assert/strict";
import postgres from "postgres";
import {
  type LastingDatabase,
  makeCopyOf,
  otherNodes,
} from "../../../scripts/test/databases_fixture.ts";

/** A row, or a refusal. */
export type Answer = Record<string, unknown> & { refused?: string };

/** A node of the cluster. */
export interface Node {
  name: string;
  /** As a superuser. */
  superuser: postgres.Sql;
  /** Makes a call of this user, in a transaction of its own. */
  call(user: string, query: string, parameters?: unknown[]): Promise<Answer[]>;
  /** Reads a table as this user, with the claims passed on as before a request. */
  read(user: string, query: string): Promise<Answer[]>;
  /** Makes a call of the schedule. */
  operate(query: string, parameters?: unknown[]): Promise<Answer[]>;
  /** Makes a call of this user, and leaves its transaction open. */
  begin(user: string, query: string): Promise<postgres.ReservedSql>;
}

/** The cluster. */
export interface Cluster {
  /** The coordinator first. */
  nodes: Node[];
  /** As a superuser, on the coordinator. */
  superuser: postgres.Sql;
  newUser(): Promise<string>;
  /** A user on each worker. */
  usersOnEachWorker(): Promise<string[]>;
}

/** The cluster of a test file: without what lets the tests of other suites move time. */
export function clusterOfThisFile(): Cluster {
  const cluster = {} as Cluster;
  let database: LastingDatabase;
  const connections: postgres.Sql[] = [];
  const connect = (url: string, max = 1) => {
    const sql = postgres(url, { max, onnotice: () => {} });
    connections.push(sql);
    return sql;
  };
  Deno.test.beforeAll(async () => {
    database = await makeCopyOf("migrated");
    const urls = [
      database.url,
      ...otherNodes().map((node) => (role?: string) =>
        node.url(database.name, role)
      ),
    ];
    const superusers = urls.map((url) => connect(url("supabase_admin")));
    for (const superuser of superusers) {
      await superuser`alter function pg_catalog.clock_timestamp() volatile`;
      await superuser`
        alter function pg_catalog.timestamptz_mi_interval(timestamptz, interval)
        stable`;
      cluster.superuser ??= superuser;
    }
    cluster.nodes = urls.map((url, index) =>
      nodeAt(
        index === 0 ? "the coordinator" : `worker ${index}`,
        connect(url("authenticator"), 8),
        superusers[index],
      )
    );
  });
  Deno.test.afterAll(async () => {
    await Promise.all(connections.map((sql) => sql.end({ timeout: 5 })));
    await database?.drop();
  });
  cluster.newUser = async () => {
    const [{ id }] = await cluster.superuser<{ id: string }[]>`
      insert into auth.users (id) values (gen_random_uuid()) returning id`;
    return id;
  };
  cluster.usersOnEachWorker = async () => {
    const users = new Map<number, string>();
    while (users.size < 2) {
      const user = await cluster.newUser();
      users.set((await placementOf(cluster, user)).port, user);
    }
    return [...users.values()];
  };
  return cluster;
}

/** Where the rows of a user are. */
export async function placementOf(
  { superuser }: Cluster,
  user: string,
): Promise<{ shard: number; port: number }> {
  const [row] = await superuser<{ shard: number; port: number }[]>`
    select s.shard::integer, p.nodeport as port
    from (
      select get_shard_id_for_distribution_column(
        'public.active_interview_sessions', ${user}::uuid
      ) as shard
    ) s
    join pg_dist_shard_placement p on p.shardid = s.shard`;
  return row;
}

function nodeAt(
  name: string,
  sql: postgres.Sql,
  superuser: postgres.Sql,
): Node {
  const settings = (transaction: postgres.Sql, role: string, sub?: string) => {
    const claims = JSON.stringify({ role, ...(sub && { sub }) });
    return transaction`
      select
        set_config('role', ${role}, true),
        set_config('request.jwt.claims', ${claims}, true)`;
  };
  const run = async (
    role: string,
    sub: string | undefined,
    query: string,
    parameters: unknown[],
    before?: string,
  ): Promise<Answer[]> => {
    try {
      return await sql.begin(async (transaction) => {
        await settings(transaction as unknown as postgres.Sql, role, sub);
        if (before) await transaction.unsafe(before);
        const rows = await transaction.unsafe(query, parameters as never[]);
        return rows.map((row) => ({ ...row }));
      });
    } catch (error) {
      if (!(error instanceof postgres.PostgresError)) throw error;
      return [{ refused: error.code, message: error.message }];
    }
  };
  return {
    name,
    superuser,
    call: (user, query, parameters = []) =>
      run("authenticated", user, query, parameters),
    read: (user, query) =>
      run("authenticated", user, query, [], "select public.pass_claims()"),
    operate: (query, parameters = []) =>
      run("service_role", undefined, query, parameters),
    async begin(user, query) {
      const reserved = await sql.reserve();
      await reserved`begin`;
      await settings(reserved, "authenticated", user);
      await reserved.unsafe(query);
      return reserved;
    },
  };
}

/** The one row of an answer. */
export function granted(answer: Answer[]): Answer {
  assert.equal(answer.length, 1);
  assert.equal(answer[0].refused, undefined, String(answer[0].message));
  return answer[0];
}

/** Asserts a refusal with this code. */
export function refused(answer: Answer[], code: string) {
  assert.equal(answer[0]?.refused, code, JSON.stringify(answer));
}
