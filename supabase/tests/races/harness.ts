// A race is a script of steps for two or more connections to a real server. A call
// that has to wait is seen waiting in pg_locks before the transaction it waits for
// goes on, so every run takes the same path:
//
//   race("R1 the first commits: the second is refused", async (scene) => {
//     const [a, b] = await scene.tabs(2);
//     await a.begin();
//     granted(await a.start("a"));
//     refused(await after(a, "commits", b.start("b")), "PT409");
//     await scene.leaves({ live: "a" });
//   });
//
// Each file has its own copy of the migrated database and each race its own user;
// what a race creates is removed before the next one. The suite "pooler" repeats
// all races through a pooler.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import postgres from "postgres";
import {
  isCluster,
  type LastingDatabase,
  makeCopyOf,
} from "../../../scripts/test/databases_fixture.ts";
import type { PooledDatabase } from "../pooler/support.ts";
import { type LiftedTimeouts, liftTimeouts } from "../timeouts.ts";
import { until } from "../waiting.ts";

/** A row of `active_interview_sessions`; times in ISO 8601, which sorts. */
export interface Session {
  user_id: string;
  session_id: string;
  status: string;
  fence: number;
  device: string | null;
  created_at: string;
  updated_at: string;
  deadline_at: string;
  expires_at: string;
  previous_session_id: string | null;
  interview_id: string | null;
}

/** A row of `interview_session_history`. */
export interface Ended {
  user_id: string;
  session_id: string;
  status: string;
  fence: number;
  started_at: string;
  last_seen_at: string;
  ended_at: string;
  end_reason: string;
  previous_session_id: string | null;
  interview_id: string | null;
  ended_fence: number;
}

/** A row of `interviews`. */
export interface Interview {
  user_id: string;
  interview_id: string;
  started_at: string;
  deadline_at: string;
  submitted_at: string | null;
  last_session_id: string;
}

/** The answer to a call: rows, or a refusal. */
export type Answer<T = unknown> =
  | { rows: T[]; refusal?: undefined }
  | { rows?: undefined; refusal: Refusal };

/** An error of the server, or of a lost connection to it. */
export interface Refusal {
  code: string;
  message: string;
  detail?: string;
  hint?: string;
}

/** A call under way. It resolves to its answer and never rejects. */
export type Call<T = unknown> = Promise<Answer<T>> & {
  /** Resolves once this call is seen waiting for a lock that `other` holds. */
  waitsFor(other: Backend): Promise<void>;
  /** The answer, which must not have to wait for a lock that `other` holds. */
  passes(other: Backend): Promise<Answer<T>>;
};

/** The server process of a connection. */
export interface Backend {
  /** The one of the latest transaction: through a pooler it may change. */
  readonly pid: number;
}

/** An isolation level other than READ COMMITTED. */
export type Isolation = "repeatable read" | "serializable";

/**
 * One connection. Outside of begin() and commit() each call is a transaction of
 * its own, as through the API: with `request.path`, which says that the call is the
 * whole request.
 */
export interface Client extends Backend {
  /** Begins the transaction of an API request. As in PostgREST, the first query,
   * which takes the snapshot, is the one that applies the request's settings. */
  begin(isolation?: Isolation): Promise<void>;
  /** Begins a transaction of the app's own, in which calls are only a part of the
   * request. */
  beginInApp(isolation?: Isolation): Promise<void>;
  commit(): Promise<Answer>;
  rollback(): Promise<void>;
  /** Applies this setting to each transaction from now on. */
  set(name: string, value: string): void;
  start(
    sessionId: string,
    o?: { takeover?: boolean; device?: string; interview?: string },
  ): Call<Session>;
  heartbeat(sessionId: string): Call<Session>;
  complete(sessionId: string): Call<Session>;
  end(sessionId: string, reason?: string): Call<Ended>;
  revoke(user: string, note?: string): Call<Ended>;
  extend(
    user: string,
    interview: string,
    by: string,
    note?: string,
  ): Call<Interview>;
  reap(batchSize?: number): Call<Ended>;
  /** Drops the connection, as when the client is killed. */
  cut(): void;
  /** Any statement. */
  query<T>(statement: string, ...parameters: unknown[]): Call<T>;
}

/** The database of a race and the clients that connect to it. */
export interface Scene {
  /** The id of the user, unless a call names another. */
  user: string;
  newUser(): Promise<string>;
  /** Connections of the user: tabs, devices, requests. */
  tabs(count: number, user?: string): Promise<Client[]>;
  /** A connection of the user. */
  tab(user?: string): Promise<Client>;
  /** A connection with the secret key, as the schedule uses. */
  operator(): Promise<Client>;
  /** A connection as `postgres`, which owns the tables. */
  owner(): Promise<Client>;
  /** A connection of the Auth server, which deletes users. */
  auth(): Promise<Client>;
  /** A connection as a superuser. */
  superuser(): Promise<Client>;
  /** Puts the lock timeouts of the functions in force; without this, calls wait as
   * long as the race does. */
  limitWaits(): Promise<void>;
  /** Moves the user's session into the past: its lease ran out a minute ago. */
  letExpire(user?: string): Promise<void>;
  /** The row of the user, live or stale. */
  row(user?: string): Promise<Session | undefined>;
  /** The user's interview. */
  interview(id: string, user?: string): Promise<Interview | undefined>;
  /** The user's ended sessions, in the order of their grants. */
  history(user?: string): Promise<Ended[]>;
  /** Asserts which of the user's sessions are left, that none overlapped, that
   * their fences grew, and that nobody holds a lock. */
  leaves(what: Remains, user?: string): Promise<void>;
  /** Closes a gate at a point of the SQL for the row of one session: a call that
   * reaches it waits for the returned backend until open(). */
  gate(point: Point, sessionId: string): Promise<Gate>;
}

/** A point of the SQL where a call can be stalled. */
export type Point =
  | "before delete on active"
  | "before insert on history"
  | "in the reaper's scan";

/** What is left of a user's sessions: ids, and the end reason of each that ended. */
export interface Remains {
  live?: string;
  stale?: string;
  history?: Record<string, string>;
}

/** A gate that stalls a transaction in the middle of a statement. */
export interface Gate extends Backend {
  open(): Promise<void>;
}

/** Registers a race as a test. */
export function race(name: string, script: (scene: Scene) => Promise<void>) {
  Deno.test(name, async () => {
    const superuser = postgres(way.beside("supabase_admin"), {
      max: 1,
      fetch_types: false,
      onnotice: () => {},
    });
    const connections: postgres.Sql[] = [];
    try {
      timeouts ??= await liftTimeouts(superuser);
      await script(await sceneIn(superuser, connections));
    } finally {
      await Promise.all(connections.map((sql) => sql.end({ timeout: 0 })));
      await leaveNothing(superuser);
      await superuser.end();
    }
  });
}

/** How clients reach the database; the harness itself never goes through a pooler. */
let way: PooledDatabase;
let isPooled = false;
let timeouts: LiftedTimeouts | undefined;
let areLimited = false;
let ownDatabase: LastingDatabase | undefined;
/** Statements that undo what a race changed in the SQL. */
const undo: string[] = [];

/** Connects the clients of all races in this process through a pooler. */
export function racesGoThrough(pooled: PooledDatabase) {
  way = pooled;
  isPooled = true;
}

Deno.test.beforeAll(async () => {
  if (isPooled) return;
  ownDatabase = await makeCopyOf("migrated");
  way = { through: ownDatabase.url, beside: ownDatabase.url };
});

Deno.test.afterAll(() => ownDatabase?.drop());

/** Terminates the transactions that the race left open, and restores the database. */
async function leaveNothing(sql: postgres.Sql) {
  const others = () =>
    sql`
    select pg_terminate_backend(pid)
    from pg_stat_activity
    where datname = current_database()
      and pid <> pg_backend_pid()
      -- a connection that a pooler keeps open is idle
      and state <> 'idle'`;
  await until(
    "all transactions of the race have ended",
    async () => (await others()).length === 0,
  );
  if (areLimited) await timeouts?.lift(sql);
  areLimited = false;
  for (const statement of undo.splice(0)) await sql.unsafe(statement);
  // A race that failed early may still be opening transactions.
  await until("the users of the race are deleted", async () => {
    await others();
    return await sql.begin(async (transaction) => {
      await transaction`set local lock_timeout = '1s'`;
      await transaction`delete from auth.users`;
      return true;
    }).catch((error) => {
      if (error.code === "55P03") return false;
      throw error;
    });
  });
  // An empty table, so that a scan finds the rows in the order of their inserts.
  await sql`truncate public.active_interview_sessions`;
  await sql`delete from sessions.reaper_runs`;
  await sql`delete from sessions.reap_failures`;
  await sql`
    update sessions.settings
    set
      lease = default, heartbeat_every = default, max_duration = default,
      completing_grace = default, history_retention = default,
      reap_every = default, takeover = default`;
}

async function sceneIn(
  superuser: postgres.Sql,
  connections: postgres.Sql[],
): Promise<Scene> {
  const newUser = async () => {
    const [{ id }] = await superuser<{ id: string }[]>`
      insert into auth.users (id) values (gen_random_uuid()) returning id`;
    return id;
  };
  const user = await newUser();
  const client = async (
    role: string,
    settings: Record<string, string> = {},
  ) => {
    const connection = await connectedTo(way.through(role));
    connections.push(connection.sql);
    return clientOn(connection, settings, superuser);
  };
  const tab = (who = user) =>
    client("authenticator", {
      role: "authenticated",
      "request.jwt.claims": JSON.stringify({
        sub: who,
        role: "authenticated",
      }),
    });
  const rowOf = async (who = user) => {
    const rows = await superuser<{ row: Session; stale: boolean }[]>`
      select to_jsonb(a) as row, a.expires_at <= clock_timestamp() as stale
      from public.active_interview_sessions a
      where a.user_id = ${who}`;
    return rows.at(0);
  };
  const history = async (who = user) => {
    const rows = await superuser<{ row: Ended }[]>`
      select to_jsonb(h) as row
      from public.interview_session_history h
      where h.user_id = ${who}
      order by h.fence`;
    return rows.map(({ row }) => row);
  };

  return {
    user,
    newUser,
    tab,
    tabs: (count, who) =>
      Promise.all(Array.from({ length: count }, () => tab(who))),
    operator: () => client("authenticator", { role: "service_role" }),
    owner: () => client("postgres"),
    auth: () => client("supabase_auth_admin"),
    superuser: () => client("supabase_admin"),
    async limitWaits() {
      areLimited = true;
      await timeouts?.restore(superuser);
    },
    async letExpire(who = user) {
      const moved = await superuser`
        update public.active_interview_sessions
        set
          created_at = created_at - interval '6 minutes',
          updated_at = updated_at - interval '6 minutes',
          deadline_at = deadline_at - interval '6 minutes',
          expires_at = expires_at - interval '6 minutes'
        where user_id = ${who}`;
      assert.equal(moved.count, 1, "the user has no session to move");
    },
    row: async (who) => (await rowOf(who))?.row,
    interview: async (id, who = user) => {
      const rows = await superuser<{ row: Interview }[]>`
        select to_jsonb(i) as row
        from public.interviews i
        where i.user_id = ${who} and i.interview_id = ${id}`;
      return rows.at(0)?.row;
    },
    history,
    async leaves(what, who = user) {
      const [found, ended] = [await rowOf(who), await history(who)];
      assert.deepEqual({
        live: found && !found.stale ? found.row.session_id : undefined,
        stale: found?.stale ? found.row.session_id : undefined,
        history: Object.fromEntries(
          ended.map((row) => [row.session_id, row.end_reason]),
        ),
      }, { live: undefined, stale: undefined, history: {}, ...what });

      const inOrder = [
        ...ended.map((row) => ({ ...row, began: row.started_at })),
        ...(found ? [{ ...found.row, began: found.row.created_at }] : []),
      ].sort((one, other) => one.began < other.began ? -1 : 1);
      assert.deepEqual(
        inOrder.map((row) => row.fence),
        inOrder.map((row) => row.fence).sort((one, other) => one - other),
        "the fences did not grow",
      );
      assert.deepEqual([
        ...await superuser`
          select user_id, session_id from sessions.overlapping_sessions()`,
      ], []);
      assert.deepEqual(
        [
          ...await superuser`
          select l.pid, l.locktype, l.relation::regclass::text
          from pg_locks l
          join pg_database d on d.oid = l.database
          -- background workers come and go
          join pg_stat_activity s on s.pid = l.pid and s.backend_type = 'client backend'
          where d.datname = current_database()
            and l.pid <> pg_backend_pid()
            -- blocks nobody, and outlives its transaction while another one,
            -- in any database, is SERIALIZABLE
            and l.mode <> 'SIReadLock'`,
        ],
        [],
        "somebody still holds a lock",
      );
    },
    async gate(point, sessionId) {
      const holder = await client("supabase_admin");
      await holder.begin();
      answered(await holder.query("select pg_advisory_xact_lock(1)"));
      await makeGate(superuser, point, sessionId);
      return {
        pid: holder.pid,
        open: async () => {
          answered(await holder.commit());
        },
      };
    },
  };
}

async function makeGate(
  superuser: postgres.Sql,
  point: Point,
  sessionId: string,
) {
  undo.push("drop function if exists public.pass_gate(text) cascade");
  await superuser.unsafe(`
    create function public.pass_gate(session_id text) returns boolean
    language plpgsql security definer as $$
    begin
      if session_id = ${literal(sessionId)} then
        perform pg_advisory_xact_lock_shared(1);
      end if;
      return true;
    end
    $$`);
  switch (point) {
    case "before delete on active":
      return await gateTrigger(
        superuser,
        "before delete on public.active_interview_sessions",
        "old",
      );
    case "before insert on history":
      return await gateTrigger(
        superuser,
        "before insert on public.interview_session_history",
        "new",
      );
    case "in the reaper's scan":
      return await gateInScan(superuser);
  }
}

async function gateTrigger(
  superuser: postgres.Sql,
  event: string,
  row: "old" | "new",
) {
  undo.push("drop function if exists public.gate() cascade");
  await superuser.unsafe(`
    create function public.gate() returns trigger
    language plpgsql security definer as $$
    begin
      perform public.pass_gate(${row}.session_id);
      return ${row};
    end
    $$;
    create trigger gate ${event} for each row execute function public.gate();`)
    .simple();
}

/** Between the snapshot of a scan and its row locks only filters run. A policy is one,
 * for a function whose owner is subject to it. */
async function gateInScan(superuser: postgres.Sql) {
  const owner = `reaper_${crypto.randomUUID().replaceAll("-", "")}`;
  const reaper = "function sessions.reap_stale_sessions";
  const table = "public.active_interview_sessions";
  undo.push(`
    alter table ${table} no force row level security;
    alter ${reaper} owner to postgres;
    drop role ${owner}`);
  await superuser.unsafe(`
    create role ${owner} nologin inherit in role postgres;
    alter ${reaper} owner to ${owner};
    alter table ${table} force row level security;
    create policy gate on ${table} to ${owner}
      using (public.pass_gate(session_id))`).simple();
}

interface Connection {
  sql: postgres.Sql;
  socket: Socket;
}

async function connectedTo(url: string): Promise<Connection> {
  const { hostname, port } = new URL(url);
  const socket = connectSocket(Number(port), hostname);
  await once(socket, "connect");
  const options = {
    max: 1,
    // a pooler may serve each transaction on another connection
    prepare: false,
    fetch_types: false,
    onnotice: () => {},
    socket: () => socket,
  };
  const sql = postgres(url, options);
  // connect before the race begins
  await sql`select`;
  return { sql, socket };
}

function clientOn(
  { sql, socket }: Connection,
  settings: Record<string, string>,
  watcher: postgres.Sql,
): Client {
  const backend = { pid: nobody };
  let open = false;
  let inApp = false;

  const begin = async (isolation?: Isolation) => {
    backend.pid = nobody;
    await sql.unsafe(
      isolation ? `begin isolation level ${isolation}` : "begin",
    );
    for (const [name, value] of Object.entries(settings)) {
      await sql`select set_config(${name}, ${value}, true)`;
    }
    if (isCluster() && settings.role) await sql`select public.pass_claims()`;
    const [{ pid, port }] = await sql<{ pid: number; port: number }[]>`
      select pg_backend_pid() as pid, inet_server_port() as port`;
    const wentThrough = port !== socket.remotePort;
    assert.equal(wentThrough, isPooled, "a client took the wrong way");
    backend.pid = pid;
  };
  const commit = () => answerOf(sql.unsafe("commit"));
  const rollback = async () => {
    await sql.unsafe("rollback");
  };
  const run = async <T>(
    statement: string,
    parameters: unknown[],
    path = "",
  ): Promise<Answer<T>> => {
    const ask = async () => {
      if (path && !inApp) {
        await sql`select set_config('request.path', ${path}, true)`;
      }
      return await sql.unsafe(statement, parameters as never[]);
    };
    const asked = () => answerOf<T>(ask());
    if (open) return await asked();
    await begin();
    const answer = await asked();
    if (answer.refusal) {
      // a lost connection has nothing to roll back
      if (!isGone(answer.refusal)) await rollback();
      return answer;
    }
    const committed = await commit();
    return committed.refusal ? committed : answer;
  };
  const query = <T>(statement: string, ...parameters: unknown[]) =>
    underWay<T>(run(statement, parameters), backend, watcher);
  const call = <T>(name: string, ...parameters: unknown[]): Call<T> => {
    const places = parameters.map((_, at) => `$${at + 1}`).join(", ");
    const answer = run<{ row: T }>(
      `select to_jsonb(r) as row from public.${name}(${places}) r`,
      parameters,
      `/rpc/${name}`,
    ).then((answer) =>
      answer.refusal ? answer : { rows: answer.rows.map(({ row }) => row) }
    );
    return underWay<T>(answer, backend, watcher);
  };

  return {
    get pid() {
      return backend.pid;
    },
    async begin(isolation) {
      await begin(isolation);
      open = true;
    },
    async beginInApp(isolation) {
      await begin(isolation);
      open = inApp = true;
    },
    async commit() {
      open = inApp = false;
      return await commit();
    },
    async rollback() {
      open = inApp = false;
      await rollback();
    },
    set(name, value) {
      settings[name] = value;
    },
    start: (sessionId, o = {}) =>
      call(
        "start_session",
        sessionId,
        o.takeover ?? false,
        o.device ?? null,
        o.interview ?? null,
      ),
    heartbeat: (sessionId) => call("heartbeat_session", sessionId),
    complete: (sessionId) => call("complete_session", sessionId),
    end: (sessionId, reason) => call("end_session", sessionId, reason ?? null),
    revoke: (user, note) => call("revoke_session", user, note ?? null),
    extend: (user, interview, by, note) =>
      call("extend_interview", user, interview, by, note ?? null),
    reap: (batchSize = 1000) => call("reap_stale_sessions", batchSize),
    cut: () => socket.destroy(),
    query,
  };
}

/** The pid while a transaction begins: it waits for nothing, and nothing for it. */
const nobody = 0;

function isGone({ code }: Refusal): boolean {
  return code.startsWith("57P0") || code.startsWith("CONNECTION_");
}

async function answerOf<T>(rows: PromiseLike<unknown>): Promise<Answer<T>> {
  try {
    return { rows: [...await rows as T[]] };
  } catch (error) {
    const { code, message, detail, hint } = error as Refusal;
    if (typeof code !== "string") throw error;
    return { refusal: { code, message, detail, hint } };
  }
}

function underWay<T>(
  answer: Promise<Answer<T>>,
  own: Backend,
  watcher: postgres.Sql,
): Call<T> {
  let settled: Answer<T> | undefined;
  answer.then((value) => settled = value, () => {});
  const waits = async (other: Backend) => {
    const [{ waits }] = isCluster()
      ? await watcher<{ waits: boolean }[]>`
        select exists (
          select
          from citus_internal.global_blocked_processes() b
          where b.waiting_global_pid % 10000000000 = ${own.pid}
            and b.blocking_global_pid % 10000000000 = ${other.pid}
        ) as waits`
      : await watcher<{ waits: boolean }[]>`
        select ${other.pid} = any (pg_blocking_pids(${own.pid})) as waits`;
    return waits;
  };
  return Object.assign(answer, {
    async waitsFor(other: Backend) {
      await until("the call waits", async () => {
        if (await waits(other)) return true;
        assert(!settled, `it did not wait: ${JSON.stringify(settled)}`);
        return false;
      });
    },
    async passes(other: Backend) {
      await until("the call is answered", async () => {
        if (settled) return true;
        assert(!await waits(other), "it waits, but should not");
        return false;
      });
      return await answer;
    },
  });
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Sees `call` wait for the transaction of `first`, ends that, and returns the answer. */
export async function after<T>(
  first: Client,
  ends: "commits" | "rolls back",
  call: Call<T>,
): Promise<Answer<T>> {
  await call.waitsFor(first);
  if (ends === "commits") answered(await first.commit());
  else await first.rollback();
  return await call;
}

/** The rows of an answer that is not a refusal. */
export function answered<T>({ rows, refusal }: Answer<T>): T[] {
  assert(!refusal, `refused: ${refusal?.code} ${refusal?.message}`);
  return rows;
}

/** The one row of an answer. */
export function granted<T>(answer: Answer<T>): T {
  const rows = answered(answer);
  assert.equal(rows.length, 1);
  for (const value of Object.values(rows[0] as Record<string, unknown>)) {
    if (value !== null) return rows[0];
  }
  assert.fail("the answer is empty");
}

/** The facts in a refusal with this code. */
export function refused(
  { rows, refusal }: Answer,
  code: string,
): Record<string, unknown> {
  assert(refusal, `not refused, but answered: ${JSON.stringify(rows)}`);
  assert.equal(refusal.code, code, refusal.message);
  return refusal.detail?.startsWith("{") ? JSON.parse(refusal.detail) : {};
}

/** Asserts the refusal of a session that is over for this reason. */
export function over(answer: Answer, reason: string | null) {
  assert.equal(refused(answer, "PT410").end_reason, reason);
}

/** Locks the user's row, as the owner of the table. */
export async function lockRow(owner: Client, user: string) {
  const rows = await owner.query(
    "select from public.active_interview_sessions where user_id = $1 for update",
    user,
  );
  assert.equal(answered(rows).length, 1);
}

/** Ends the lease now. */
export async function endLeaseNow(owner: Client, user: string) {
  answered(
    await owner.query(
      `update public.active_interview_sessions
      set expires_at = clock_timestamp()
      where user_id = $1`,
      user,
    ),
  );
}

/** Renews the lease as a heartbeat does that has found it not yet over. Tests move
 * rows into the past, and a locked row cannot be moved. */
export async function renewInTime(owner: Client, user: string) {
  const rows = await owner.query(
    `update public.active_interview_sessions
    set
      created_at = clock_timestamp(),
      updated_at = clock_timestamp(),
      deadline_at = clock_timestamp() + interval '15 minutes',
      expires_at = clock_timestamp() + interval '5 minutes'
    where user_id = $1
    returning user_id`,
    user,
  );
  assert.equal(answered(rows).length, 1);
}

/** Begins a transaction in which the user is deleted and created again; its calls
 * are then those of the new user. */
export async function replaceUser(superuser: Client, user: string) {
  superuser.set(
    "request.jwt.claims",
    JSON.stringify({ sub: user, role: "authenticated" }),
  );
  await superuser.begin();
  answered(
    await superuser.query("delete from auth.users where id = $1", user),
  );
  answered(
    await superuser.query("insert into auth.users (id) values ($1)", user),
  );
}
