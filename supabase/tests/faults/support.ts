// What the tests of faults share: a server of their own that can be killed, calls
// as the API makes them, and figures for docs/reliability.md.
import process from "node:process";
import postgres from "postgres";
import {
  bootstrapCluster,
  bootstrapDatabase,
} from "../../../scripts/stack/bootstrap.ts";
import { freePort } from "../../../scripts/stack/ports.ts";
import {
  type PostgresMajor,
  type PostgresServer,
  startPostgres,
} from "../../../scripts/stack/postgres.ts";
import { pasteMigrations } from "../../../scripts/test/databases_fixture.ts";
import { descendantsOf } from "../stack/support.ts";
import { ceilingMs, until } from "../waiting.ts";

export { withFolder } from "../stack/support.ts";
export { until };

/** How often a fault that costs a second is produced. */
export const times = Number(process.env.FAULT_TIMES ?? 5);

/** The Postgres that is put to the test. */
export const major = Number(process.env.TEST_PG_MAJOR ?? 17) as PostgresMajor;

/** A row of `active_interview_sessions`, to the microsecond. */
export interface Active {
  user_id: string;
  session_id: string;
  status: string;
  fence: number;
  created_at: string;
  updated_at: string;
  deadline_at: string;
  expires_at: string;
  previous_session_id: string | null;
  interview_id: string | null;
}

/** A row of `interview_session_history`, to the microsecond. */
export interface Ended {
  user_id: string;
  session_id: string;
  status: string;
  fence: number;
  started_at: string;
  last_seen_at: string;
  ended_at: string;
  end_reason: string;
  interview_id: string | null;
}

/** A row of `interviews`, to the microsecond. */
export interface Interview {
  user_id: string;
  interview_id: string;
  deadline_at: string;
  submitted_at: string | null;
  last_session_id: string;
}

/** A migrated project on a server of its own. */
export interface OwnServer {
  /** A connection string; the role is `authenticator` unless given. */
  url(role?: string): string;
  /** The postmaster. */
  pid(): Promise<number>;
  /** Kills the postmaster and all of its backends with SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again, on the same data and port. */
  start(): Promise<void>;
  /** Resolves when the server has exited, whoever ended it. */
  exited(): Promise<number>;
  stop(): Promise<void>;
}

/** Makes one in `folder`, unless `dataDir` is given; durable by default, as a hosted one. */
export async function ownServer(
  folder: string,
  o: { durable?: boolean; dataDir?: string } = {},
): Promise<OwnServer> {
  const port = freePort();
  const launch = (durable: boolean) =>
    startPostgres({
      major,
      dataDir: o.dataDir ?? `${folder}/data`,
      port,
      durable,
      logFile: `${folder}/postgres.log`,
    });
  // the preparation need not wait for the disk
  let server: PostgresServer = await launch(false);
  const url = (role = "authenticator") => server.url("postgres", role);
  const pid = async () => {
    const file = await Deno.readTextFile(`${server.dataDir}/postmaster.pid`);
    return Number(file.split("\n")[0]);
  };
  await bootstrapCluster(server);
  await bootstrapDatabase(server, "postgres");
  await pasteMigrations({
    name: "postgres",
    url: (role = "postgres") => url(role),
    connected: (work, role = "postgres") => connected(url(role), work),
  });
  const durable = o.durable ?? true;
  if (durable) {
    await server.stop();
    server = await launch(true);
  }
  return {
    url,
    pid,
    async kill() {
      const postmaster = await pid();
      for (const one of [postmaster, ...await descendantsOf(postmaster)]) {
        killed(one);
      }
      await server.exited;
    },
    async start() {
      server = await launch(durable);
    },
    exited: () => server.exited,
    stop: () => server.stop(),
  };
}

/** Sends SIGKILL; what has ended already is as dead. */
export function killed(pid: number) {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Runs `work` with a connection, which is closed afterwards. */
export async function connected<T>(
  url: string,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sql = connectTo(url);
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 0 });
  }
}

/**
 * One connection, made when first used, without the limits of its role. It does not ask for the types of arrays:
 * when that question of the driver's own is cut off, nobody can catch its error.
 */
export function connectTo(url: string, max = 1): postgres.Sql {
  return postgres(url, {
    max,
    prepare: false,
    fetch_types: false,
    connect_timeout: ceilingMs / 1000,
    connection: { statement_timeout: ceilingMs, lock_timeout: ceilingMs },
    backoff: () => 0.05,
    onnotice: () => {},
  });
}

/** Runs `work` in a transaction of the user, as PostgREST does for a request. */
export async function asUser<T>(
  sql: postgres.Sql,
  user: string,
  work: (transaction: postgres.TransactionSql) => Promise<T>,
  functionName = "",
): Promise<T> {
  return await sql.begin(async (transaction) => {
    await transaction.unsafe(settingsOf(user, functionName));
    return await work(transaction);
  }) as T;
}

/** The settings of a request by this user to this function. */
function settingsOf(user: string, functionName: string): string {
  const claims = JSON.stringify({ sub: user, role: "authenticated" });
  return `
    select
      set_config('role', 'authenticated', true),
      set_config('request.path', '/rpc/${functionName}', true),
      set_config('request.jwt.claims', '${claims}', true)`;
}

/** A call of a lifecycle function, with its arguments. */
export type Call =
  | {
    name: "start_session";
    session: string;
    takeover: boolean;
    interview?: string;
  }
  | { name: "heartbeat_session" | "complete_session"; session: string }
  | { name: "end_session"; session: string };

/** The call as SQL; its answer is a row as JSON, or none. */
export function textOf(call: Call): string {
  const args = call.name === "start_session"
    ? `'${call.session}', ${call.takeover}` +
      (call.interview ? `, interview_id => '${call.interview}'` : "")
    : `'${call.session}'`;
  return `select to_jsonb(s) as answer from public.${call.name}(${args}) s`;
}

/**
 * Makes a call as a request of the user. All in one message, which is a transaction
 * by itself: if the connection is lost, nothing is left to be sent.
 */
export async function call(
  sql: postgres.Sql,
  user: string,
  what: Call,
): Promise<Active | Ended | undefined> {
  const [, answers] = await sql.unsafe(
    `${settingsOf(user, what.name)}; ${textOf(what)}`,
  ).simple() as unknown as { answer: Active | Ended }[][];
  return answers[0]?.answer;
}

/** So many users who have signed up. */
export async function newUsers(
  superuser: postgres.Sql,
  count: number,
): Promise<string[]> {
  const rows = await superuser<{ id: string }[]>`
    insert into auth.users (id, email)
    select gen_random_uuid(), gen_random_uuid() || '@example.com'
    from generate_series(1, ${count})
    returning id`;
  return rows.map(({ id }) => id);
}

/** All rows: sessions by their id, interviews by `interviewKey`. */
export interface Tables {
  active: Map<string, Active>;
  history: Map<string, Ended>;
  interviews: Map<string, Interview>;
}

/** Names an interview: its id is unique per user. */
export function interviewKey(
  { user_id, interview_id }: { user_id: string; interview_id: string | null },
): string {
  return `${user_id} ${interview_id}`;
}

/** Reads the tables row by row, and not by an index. */
export async function tablesOf(superuser: postgres.Sql): Promise<Tables> {
  return await superuser.begin(async (transaction) => {
    await transaction`
      select
        set_config('enable_indexscan', 'off', true),
        set_config('enable_bitmapscan', 'off', true),
        set_config('enable_indexonlyscan', 'off', true)`;
    const active = await transaction<{ row: Active }[]>`
      select to_jsonb(a) as row from public.active_interview_sessions a`;
    const history = await transaction<{ row: Ended }[]>`
      select to_jsonb(h) as row from public.interview_session_history h`;
    const interviews = await transaction<{ row: Interview }[]>`
      select to_jsonb(i) as row from public.interviews i`;
    return {
      active: new Map(active.map(({ row }) => [row.session_id, row])),
      history: new Map(history.map(({ row }) => [row.session_id, row])),
      interviews: new Map(
        interviews.map(({ row }) => [interviewKey(row), row]),
      ),
    };
  });
}

/** What is damaged or contradicts itself in the database. */
export async function damages(superuser: postgres.Sql): Promise<string[]> {
  await superuser`create extension if not exists amcheck schema extensions`;
  const found: string[] = [];
  const rows = await superuser<{ what: string }[]>`
    select format('%s: %s', c.oid::regclass, v.msg) as what
    from pg_class c
    cross join lateral extensions.verify_heapam(c.oid) v
    where c.relkind = 'r'
      and c.relnamespace in ('public'::regnamespace, 'sessions'::regnamespace, 'auth'::regnamespace)
    union all
    select format('user %s is live %s times', a.user_id, count(*))
    from public.active_interview_sessions a
    group by a.user_id
    having count(*) > 1
    union all
    select format('session %s is both live and ended', a.session_id)
    from public.active_interview_sessions a
    join public.interview_session_history h using (user_id, session_id)
    union all
    select format('session %s began while an earlier one was live', o.session_id)
    from sessions.overlapping_sessions() o
    union all
    select format('the last session of interview %s is unknown', i.interview_id)
    from public.interviews i
    where not exists (
      select from public.active_interview_sessions a
      where a.user_id = i.user_id and a.session_id = i.last_session_id
      union all
      select from public.interview_session_history h
      where h.user_id = i.user_id and h.session_id = i.last_session_id
    )`;
  found.push(...rows.map(({ what }) => what));
  const indexes = await superuser<{ index: string; oid: number }[]>`
    select i.indexrelid::regclass::text as index, i.indexrelid as oid
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_am m on m.oid = c.relam and m.amname = 'btree'
    where c.relnamespace in ('public'::regnamespace, 'sessions'::regnamespace, 'auth'::regnamespace)`;
  for (const { index, oid } of indexes) {
    try {
      await superuser`select extensions.bt_index_check(${oid}::oid, true)`;
    } catch (error) {
      found.push(`${index}: ${(error as Error).message}`);
    }
  }
  return found;
}

/** Was the connection lost, rather than the call refused? */
export function isLostConnection(error: unknown): boolean {
  const { code } = error as { code?: string };
  // 57P: it is being shut down, has crashed, or is starting up
  return /^(CONNECTION_|CONNECT_|ECONN|EPIPE|57P0|08)/.test(code ?? "");
}

/** From then on only a commit that waits for the disk writes the log. */
export async function stopWritersOfTheLog(superuser: postgres.Sql) {
  let processes: { pid: number }[] = [];
  await until("the writers of the log run", async () => {
    processes = await superuser<{ pid: number }[]>`
      select pid
      from pg_stat_activity
      where backend_type in ('walwriter', 'background writer', 'checkpointer')`;
    return processes.length === 3;
  });
  for (const { pid } of processes) Deno.kill(pid, "SIGSTOP");
}

/** Its SQLSTATE, or what stands in its place. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "no error";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

/** A test that is skipped, with the reason in its name, where there is an obstacle. */
export function testUnless(
  obstacle: string | undefined,
  name: string,
  work: (t: Deno.TestContext) => Promise<void>,
) {
  if (obstacle === undefined) Deno.test(name, work);
  else Deno.test.ignore(`${name} (${obstacle})`, work);
}

/** A row of the table in docs/reliability.md. */
export interface Figure {
  /** The test's name: what is promised. */
  test: string;
  /** How the fault was produced. */
  produced: string;
  /** How often. */
  times: number;
  /** What was lost, and why that is right. */
  lost: string;
}

/** Reports the result of a test to `npm run faults`. */
export function report(figure: Figure) {
  const file = process.env.FAULT_FIGURES;
  if (!file) return;
  Deno.writeTextFileSync(file, `${JSON.stringify(figure)}\n`, { append: true });
}
