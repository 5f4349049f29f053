// A race is a script of steps for two or more connections to a real server. Who
// is to wait is seen waiting before the one it waits for goes on, so every run
// takes the same way:
//
//   race("R1 the first commits: the second is refused", async (scene) => {
//     const [a, b] = await scene.tabs(2);
//     await a.begin();
//     granted(await a.start("a"));
//     refused(await after(a, "commits", b.start("b")), "PT409");
//     await scene.leaves({ live: "a" });
//   });
//
// A file of races has a copy of the migrated database, each race a user of its
// own in it, and whatever else it makes is gone before the next. The suite
// "pooler" has all of them once more, in a database behind a pooler.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import postgres from "postgres";
import {
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
  note: string | null;
}

/** What a call was answered: rows, or why not. */
export type Answer<T = unknown> =
  | { rows: T[]; refusal?: undefined }
  | { rows?: undefined; refusal: Refusal };

/** An error of the server, or of a connection to it that is no more. */
export interface Refusal {
  code: string;
  message: string;
  detail?: string;
}

/** A call under way. It resolves to its answer and never rejects. */
export type Call<T = unknown> = Promise<Answer<T>> & {
  /** Resolves once this call is seen waiting for a lock that `other` holds. */
  waitsFor(other: Backend): Promise<void>;
  /** The answer, which must not have to wait for a lock that `other` holds. */
  passes(other: Backend): Promise<Answer<T>>;
};

/** Who has a transaction, seen from the server. */
export interface Backend {
  /** That of the latest transaction: through a pooler each may have another. */
  readonly pid: number;
}

/** What a transaction may be begun with. */
export type Isolation = "repeatable read" | "serializable";

/**
 * One connection. Outside of begin() and commit() each call is a transaction of
 * its own, as through the API.
 */
export interface Client extends Backend {
  /** Begins a transaction. As through the API, its first query, and thereby its
   * snapshot, is that of the request's settings. */
  begin(isolation?: Isolation): Promise<void>;
  commit(): Promise<Answer>;
  rollback(): Promise<void>;
  /** Has each transaction from now on begin with this setting, too. */
  set(name: string, value: string): void;
  start(
    sessionId: string,
    o?: { takeover?: boolean; device?: string },
  ): Call<Session>;
  heartbeat(sessionId: string): Call<Session>;
  complete(sessionId: string): Call<Session>;
  end(sessionId: string, reason?: string): Call<Ended>;
  revoke(user: string, note?: string): Call<Ended>;
  reap(batchSize?: number): Call<Ended>;
  /** Ends the connection without a word, as when the client is killed. */
  cut(): void;
  /** Any statement. */
  query<T>(statement: string, ...parameters: unknown[]): Call<T>;
}

/** Where a race takes place: who is on the database, and what is in it. */
export interface Scene {
  /** The id of the user whom everything is about, unless another is named. */
  user: string;
  newUser(): Promise<string>;
  /** So many connections of the user's: tabs, devices, requests. */
  tabs(count: number, user?: string): Promise<Client[]>;
  /** A connection of the user's. */
  tab(user?: string): Promise<Client>;
  /** A connection with the secret key, as the scheduler has. */
  operator(): Promise<Client>;
  /** A connection as `postgres`, who owns the tables. */
  owner(): Promise<Client>;
  /** A connection of the Auth server's, which deletes users. */
  auth(): Promise<Client>;
  /** Has calls give up a lock when the functions say so; else they wait as long
   * as the race does. */
  limitWaits(): Promise<void>;
  /** The user's heartbeats have ceased: the lease ran out a minute ago. */
  letExpire(user?: string): Promise<void>;
  /** The row of the user, live or not. */
  row(user?: string): Promise<Session | undefined>;
  /** How the user's sessions ended, in the order of their grants. */
  history(user?: string): Promise<Ended[]>;
  /** Asserts what is left of the user's sessions; that none overlapped, that
   * their fences grew, and that nobody holds a lock. */
  leaves(what: Remains, user?: string): Promise<void>;
  /** Shuts a gate before such a change of this session's row: who comes to it
   * waits for the backend returned, until open(). */
  gate(
    when: "before delete on active" | "before insert on history",
    sessionId: string,
  ): Promise<Gate>;
}

/** What is left of a user's sessions: ids, and of each that ended, how. */
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

/** How the clients get to the database; who watches them always goes beside. */
let way: PooledDatabase;
let isPooled = false;
let timeouts: LiftedTimeouts | undefined;
let areLimited = false;
let ownDatabase: LastingDatabase | undefined;

/** Has the clients of all races in this process go through a pooler. */
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

/** Ends the transactions of those who are gone, whatever they are still waiting
 * for, and makes the database what it was. */
async function leaveNothing(sql: postgres.Sql) {
  const others = () =>
    sql`
    select pg_terminate_backend(pid)
    from pg_stat_activity
    where datname = current_database()
      and pid <> pg_backend_pid()
      -- one that a pooler keeps is at rest
      and state <> 'idle'`;
  await until(
    "the others' transactions have ended",
    async () => (await others()).length === 0,
  );
  if (areLimited) await timeouts?.lift(sql);
  areLimited = false;
  await sql`drop function if exists public.at_the_gate() cascade`;
  await sql`delete from auth.users`;
  await sql`delete from sessions.reaper_runs`;
  await sql`
    update sessions.settings
    set
      lease = default, heartbeat_every = default, max_duration = default,
      completing_grace = default, history_retention = default,
      reap_every = default`;
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
          -- the server's own workers come and go
          join pg_stat_activity s on s.pid = l.pid and s.backend_type = 'client backend'
          where d.datname = current_database()
            and l.pid <> pg_backend_pid()
            -- nobody waits for that, which outlives its transaction as long as
            -- another is SERIALIZABLE at the same time, in whatever database
            and l.mode <> 'SIReadLock'`,
        ],
        [],
        "somebody still holds a lock",
      );
    },
    async gate(when, sessionId) {
      const holder = await client("supabase_admin");
      await holder.begin();
      answered(await holder.query("select pg_advisory_xact_lock(1)"));
      const [before, table] = when.split(" on ");
      const [row, of] = before === "before delete"
        ? ["old", "public.active_interview_sessions"]
        : ["new", "public.interview_session_history"];
      assert.equal(of.includes(table), true);
      await superuser.unsafe(`
        create function public.at_the_gate() returns trigger
        language plpgsql security definer as $$
        begin
          if ${row}.session_id = ${literal(sessionId)} then
            perform pg_advisory_xact_lock_shared(1);
          end if;
          return ${row};
        end
        $$;
        create trigger gate ${before} on ${of}
        for each row execute function public.at_the_gate();`).simple();
      return {
        pid: holder.pid,
        open: async () => {
          answered(await holder.commit());
        },
      };
    },
  };
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
    // nothing that a transaction leaves to the next, which may be elsewhere
    prepare: false,
    fetch_types: false,
    onnotice: () => {},
    socket: () => socket,
  };
  const sql = postgres(url, options);
  // the log-in is no part of the race
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

  const begin = async (isolation?: Isolation) => {
    backend.pid = nobody;
    await sql.unsafe(
      isolation ? `begin isolation level ${isolation}` : "begin",
    );
    for (const [name, value] of Object.entries(settings)) {
      await sql`select set_config(${name}, ${value}, true)`;
    }
    const [{ pid, port }] = await sql<{ pid: number; port: number }[]>`
      select pg_backend_pid() as pid, inet_server_port() as port`;
    const wentThrough = port !== socket.remotePort;
    assert.equal(wentThrough, isPooled, "a client went the other way");
    backend.pid = pid;
  };
  const commit = () => answerOf(sql.unsafe("commit"));
  const rollback = async () => {
    await sql.unsafe("rollback");
  };
  const run = async <T>(
    statement: string,
    parameters: unknown[],
  ): Promise<Answer<T>> => {
    const asked = () =>
      answerOf<T>(sql.unsafe(statement, parameters as never[]));
    if (open) return await asked();
    await begin();
    const answer = await asked();
    if (answer.refusal) {
      // a connection that is gone has nothing to take back
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
    async commit() {
      open = false;
      return await commit();
    },
    async rollback() {
      open = false;
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
      ),
    heartbeat: (sessionId) => call("heartbeat_session", sessionId),
    complete: (sessionId) => call("complete_session", sessionId),
    end: (sessionId, reason) => call("end_session", sessionId, reason ?? null),
    revoke: (user, note) => call("revoke_session", user, note ?? null),
    reap: (batchSize = 1000) => call("reap_stale_sessions", batchSize),
    cut: () => socket.destroy(),
    query,
  };
}

/** The pid as long as a transaction begins: nothing waits for it, nor it for
 * anything. */
const nobody = 0;

function isGone({ code }: Refusal): boolean {
  return code.startsWith("57P0") || code.startsWith("CONNECTION_");
}

async function answerOf<T>(rows: PromiseLike<unknown>): Promise<Answer<T>> {
  try {
    return { rows: [...await rows as T[]] };
  } catch (error) {
    const { code, message, detail } = error as Refusal;
    if (typeof code !== "string") throw error;
    return { refusal: { code, message, detail } };
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
    const [{ waits }] = await watcher<{ waits: boolean }[]>`
      select ${other.pid} = any (pg_blocking_pids(${own.pid})) as waits`;
    return waits;
  };
  return Object.assign(answer, {
    async waitsFor(other: Backend) {
      await until("the call waits", async () => {
        if (await waits(other)) return true;
        assert(!settled, `it waited for nobody: ${JSON.stringify(settled)}`);
        return false;
      });
    },
    async passes(other: Backend) {
      await until("the call is answered", async () => {
        if (settled) return true;
        assert(!await waits(other), "it waits, and should not");
        return false;
      });
      return await answer;
    },
  });
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The answer of a call that waits for `first`, as is seen, until that ends so. */
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

/** The rows of an answer that is no refusal. */
export function answered<T>({ rows, refusal }: Answer<T>): T[] {
  assert(!refusal, `refused: ${refusal?.code} ${refusal?.message}`);
  return rows;
}

/** The one row of an answer: a session granted, or how one ended. */
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
  assert(refusal, `not refused, but answered ${JSON.stringify(rows)}`);
  assert.equal(refusal.code, code, refusal.message);
  return refusal.detail?.startsWith("{") ? JSON.parse(refusal.detail) : {};
}

/** Asserts a refusal because the session is over, and for this reason. */
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

/** Lets the lease run out this very moment. */
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
