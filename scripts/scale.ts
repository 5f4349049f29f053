// `npm run scale`: what a call costs on one Postgres and on a Citus cluster of three, in
// one run on one machine: calls a second, and the processor time of the servers for each
// call. docs/scaling.md shows a run.
import { join } from "node:path";
import process from "node:process";
import { bootstrapCluster, bootstrapDatabase } from "./stack/bootstrap.ts";
import { pushMigrations } from "./stack/migrations.ts";
import { freePort } from "./stack/ports.ts";
import { type PostgresServer, startPostgres } from "./stack/postgres.ts";
import {
  citusPostgres,
  makeCitusDatabase,
  startCitusCluster,
} from "./test/citus_cluster.ts";
import { connected } from "./test/databases.ts";
import { makeRunFolder } from "./test/run_folder.ts";
import { until } from "../supabase/tests/waiting.ts";

/** Where a load enters, and who it is from. */
interface Entry {
  name: string;
  /** The servers that take the calls, all at once. */
  through: PostgresServer[];
  /** The servers whose processor time counts. */
  costs: PostgresServer[];
  /** The table with the users of the load. */
  users: string;
}

const database = "scale";
const superuser = "supabase_admin";
const users = 1000;
const clients = 12;
const seconds = Number(process.env.SCALE_SECONDS ?? 15);

const found = citusPostgres();
if ("reason" in found) {
  console.error(`This needs Citus: ${found.reason}.`);
  Deno.exit(2);
}
const { bin, major } = found;

/** Users with a live session, listed on each node: all, and those whose rows it has. */
async function addUsers(server: PostgresServer, nodes: PostgresServer[]) {
  await connected(server.url(database, superuser), async (sql) => {
    await sql`
      insert into auth.users (id)
      select gen_random_uuid() from generate_series(1, ${users})`;
    const all = await sql<{ id: string; port: number | null }[]>`
      select id, null::integer as port from auth.users order by id`;
    if (nodes.length > 1) {
      for (const user of all) {
        const [{ port }] = await sql<{ port: number }[]>`
          select nodeport as port
          from pg_dist_shard_placement
          where shardid = get_shard_id_for_distribution_column(
            'sessions.users', ${user.id}::uuid
          )`;
        user.port = port;
      }
    }
    for (const node of nodes) {
      const here = all.filter(({ port }) => port === node.port);
      await list(node, "everybody", all.map(({ id }) => id));
      await list(node, "those_here", here.map(({ id }) => id));
    }
  });
  await startAll(server);
}

async function startAll(server: PostgresServer) {
  await connected(server.url(database, "authenticator"), async (sql) => {
    const all = await sql<{ id: string }[]>`select id from public.everybody`;
    for (const { id } of all) {
      await sql.begin(async (transaction) => {
        const claims = JSON.stringify({ sub: id, role: "authenticated" });
        await transaction`
          select
            set_config('request.jwt.claims', ${claims}, true),
            set_config('role', 'authenticated', true)`;
        await transaction`select * from public.start_session('s')`;
      });
    }
  });
}

async function list(node: PostgresServer, table: string, ids: string[]) {
  await connected(node.url(database, superuser), async (sql) => {
    await sql.unsafe(`
      create table public.${table} (n integer primary key, id uuid not null);
      grant select on public.${table} to authenticator`).simple();
    await sql`
      insert into ${sql("public." + table)}
      select place, id
      from unnest(${ids}::uuid[]) with ordinality as u (id, place)`;
    await sql.unsafe(`analyze public.${table}`);
  });
}

/** The transaction of an API request, as PostgREST makes it. */
function request(path: string, call: string): string {
  return `begin;
    select
      set_config('request.jwt.claims', json_build_object('sub', u.id, 'role', 'authenticated')::text, true),
      set_config('request.path', '/rpc/${path}', true),
      set_config('role', 'authenticated', true)
    from public.:users u
    where u.n = :n;
    ${call};
    commit;
  `;
}

/** Each client has users of its own: a takeover by another one would end its script. */
const pick = "\\set n random(0, :each - 1) * :parts + :base + :client_id + 1\n";

const loads = {
  heartbeat: {
    calls: 1,
    script: pick +
      request("heartbeat_session", "select * from heartbeat_session('s')"),
  },
  "start, complete and end": {
    calls: 3,
    script: pick + `\\set id random(1, 1000000000000)\n` +
      request(
        "start_session",
        "select * from start_session('s' || :id, true)",
      ) +
      request(
        "complete_session",
        "select * from complete_session('s' || :id)",
      ) +
      request("end_session", "select * from end_session('s' || :id)"),
  },
};

/** Lets the clients call for a while, through all of the servers at once. */
async function measure(
  entry: Entry,
  script: string,
  calls: number,
): Promise<{ perSecond: number; cpuMs: number[] }> {
  const before = await Promise.all(entry.costs.map(cpuSeconds));
  const own = clients / entry.through.length;
  const runs = await Promise.all(
    entry.through.map((server, at) =>
      pgbench(server, script, {
        clients: own,
        users: entry.users,
        ...(entry.users === "everybody"
          ? { parts: clients, base: at * own }
          : { parts: own, base: 0 }),
      })
    ),
  );
  const after = await Promise.all(entry.costs.map(cpuSeconds));
  const count = calls * runs.reduce((sum, { count }) => sum + count, 0);
  return {
    perSecond: calls * runs.reduce((sum, { perSecond }) => sum + perSecond, 0),
    cpuMs: after.map((cpu, at) => 1000 * (cpu - before[at]) / count),
  };
}

async function pgbench(
  server: PostgresServer,
  script: string,
  o: { clients: number; users: string; parts: number; base: number },
): Promise<{ count: number; perSecond: number }> {
  const file = join(folder.path, `${crypto.randomUUID()}.sql`);
  Deno.writeTextFileSync(file, script.replaceAll(":users", o.users));
  const count = await connected(
    server.url(database, superuser),
    async (sql) => {
      const [row] = await sql<{ count: number }[]>`
      select count(*)::integer as count from ${sql("public." + o.users)}`;
      return row.count;
    },
  );
  const each = Math.floor(count / o.parts);
  const { code, stdout, stderr } = await new Deno.Command(
    join(bin, "pgbench"),
    {
      args: [
        ...["--no-vacuum", "--protocol", "prepared", "--file", file],
        ...["--client", String(o.clients), "--time", String(seconds)],
        ...["--define", `each=${each}`, "--define", `parts=${o.parts}`],
        ...["--define", `base=${o.base}`],
        ...["--host", "127.0.0.1", "--port", String(server.port)],
        ...["--username", "authenticator", database],
      ],
      env: { LC_ALL: "C" },
    },
  ).output();
  const said = new TextDecoder().decode(stdout) +
    new TextDecoder().decode(stderr);
  const number = (pattern: RegExp) => Number(pattern.exec(said)?.[1]);
  if (code !== 0 || /aborted/.test(said)) throw new Error(said);
  return {
    count: number(/transactions actually processed: (\d+)/),
    perSecond: number(/tps = ([\d.]+)/),
  };
}

/** The processor time of a server so far, once its clients are gone. */
async function cpuSeconds(server: PostgresServer): Promise<number> {
  await connected(server.url("postgres", superuser), async (sql) => {
    await until("the clients are gone", async () => {
      const clients = await sql`
        select
        from pg_stat_activity
        where datname = ${database}
          and backend_type = 'client backend'
          -- Citus' own daemon has connections as a superuser
          and usename <> ${superuser}`;
      return clients.length === 0;
    });
  });
  const pid = Number(
    Deno.readTextFileSync(join(server.dataDir, "postmaster.pid"))
      .split("\n")[0],
  );
  const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`)
    .trim().split(" ");
  return [String(pid), ...children].reduce(
    (sum, each) => sum + ticksOf(each),
    0,
  ) / 100;
}

/** Of the process and those that it has waited for. */
function ticksOf(pid: string): number {
  try {
    const fields = Deno.readTextFileSync(`/proc/${pid}/stat`)
      .replace(/^.*\) /, "").split(" ");
    return fields.slice(11, 15).map(Number).reduce((a, b) => a + b);
  } catch {
    return 0;
  }
}

const folder = await makeRunFolder();
const one = await startPostgres({
  ...{ major, bin, durable: true, port: freePort() },
  dataDir: join(folder.path, "one"),
  logFile: join(folder.path, "one.log"),
});
const cluster = await startCitusCluster(found, folder.path, { durable: true });
try {
  await bootstrapCluster(one);
  await bootstrapDatabase(one, database);
  await pushMigrations(one.url(database));
  await makeCitusDatabase(cluster, database);
  await addUsers(one, [one]);
  await addUsers(cluster.nodes[0], cluster.nodes);

  const [coordinator, ...workers] = cluster.nodes;
  const costs = cluster.nodes;
  const entries: Entry[] = [
    { name: "one Postgres", through: [one], costs: [one], users: "everybody" },
    {
      name: "Citus, through the coordinator",
      ...{ through: [coordinator], costs, users: "everybody" },
    },
    {
      name: "Citus, through any of three nodes",
      ...{ through: cluster.nodes, costs, users: "everybody" },
    },
    {
      name: "Citus, through the worker that has the user",
      ...{ through: workers, costs, users: "those_here" },
    },
  ];
  console.log("call | entry | calls a second | ms of processor a call");
  for (const [name, { script, calls }] of Object.entries(loads)) {
    for (const entry of entries) {
      const { perSecond, cpuMs } = await measure(entry, script, calls);
      console.log(
        `${name} | ${entry.name} | ${Math.round(perSecond)} | ` +
          cpuMs.map((ms) => ms.toFixed(3)).join(" + "),
      );
    }
  }
} finally {
  await Promise.all([one.stop(), cluster.stop()]);
  folder.remove();
}
