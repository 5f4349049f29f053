// The database as the model sees it: a call is a transaction of its own under
// the caller's role and claims, an answer is what the model would give, and
// times are microseconds of a clock that the tests can put forward.
import { isDeepStrictEqual } from "node:util";
import postgres from "postgres";
import {
  type Answer,
  asOf,
  type Call,
  type Ended,
  type Micros,
  newUser,
  type Session,
  type Settings,
  type User,
} from "./model.ts";

/** Says where a role finds the database. */
export type Url = (role: string) => string;

/** A connection of the API's: one call at a time. */
export interface Connection {
  /** Makes a call about this user; `holdMs` later its transaction commits. */
  call(userId: string, call: Call, o?: { holdMs?: number }): Promise<Answer>;
  /** Calls the reaper, and tells what it returned. */
  reap(o: Reap, hold?: { holdMs?: number }): Promise<Answer>;
  close(): Promise<void>;
}

/** The arguments of the reaper. */
export interface Reap {
  batch_size: number | null;
  dry_run: boolean | null;
}

/** The database of a run, and what no client can do to it. */
export interface Database {
  connect(): Connection;
  /** Forgets everything but the fence, and takes these settings. */
  startAfresh(userIds: string[], settings: Settings): Promise<void>;
  change(settings: Settings): Promise<void>;
  /** Lets time go by: moves all that is written into the past. */
  letPass(time: Micros): Promise<void>;
  /** The time now, at the latest, on the clock that `letPass` puts forward. */
  latestNow(): Micros;
  /** The same, at the earliest. */
  earliestNow(): Micros;
  /** All there is, as users of the model who have nothing but rows. */
  everything(userIds: string[]): Promise<User[]>;
  /** What the reaper's log says of its last run. */
  lastRun(): Promise<{ reaped: number; failed: number; pruned: number }>;
  /** Sessions that overlap, by the query of the product itself. */
  overlaps(): Promise<unknown[]>;
  sql: postgres.Sql;
  close(): Promise<void>;
}

/** Nothing of the contract: the call broke. */
export class OutsideTheContract extends Error {
  override name = "OutsideTheContract";
  constructor(readonly code: string, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
  }
}

const contract = ["PT401", "PT409", "PT410", "22023"];

/** Opens the database of a run. */
export function openDatabase(url: Url): Database {
  let ahead: Micros = 0;
  const sql = connectTo(url("postgres"), 4);
  const story = <T>(row: T): T => moved(row, ahead);

  return {
    sql,
    connect: () => connection(connectTo(url("authenticator")), sql, story),
    async startAfresh(userIds, settings) {
      ahead = 0;
      const users = userIds.map((id) => `(${literal(id)})`).join(", ");
      await sql.unsafe(`
        delete from auth.users;
        delete from sessions.reaper_runs;
        insert into auth.users (id) values ${users};
        ${update(settings)}`).simple();
    },
    async change(settings) {
      await sql.unsafe(update(settings)).simple();
    },
    async letPass(time) {
      ahead += time;
      const by = interval(time);
      await sql.unsafe(`
        update public.active_interview_sessions
        set
          created_at = created_at - ${by}, updated_at = updated_at - ${by},
          deadline_at = deadline_at - ${by}, expires_at = expires_at - ${by};
        update public.interview_session_history
        set
          started_at = started_at - ${by}, last_seen_at = last_seen_at - ${by},
          ended_at = ended_at - ${by};
        update sessions.reaper_runs set ran_at = ran_at - ${by}`).simple();
    },
    // the server is on this machine and reads the same clock
    earliestNow: () => Date.now() * 1000 + ahead,
    latestNow: () => (Date.now() + 1) * 1000 + ahead,
    async everything(userIds) {
      const users = await sql<{ id: string }[]>`select id from auth.users`;
      const live = await sql<Session[]>`
        select * from public.active_interview_sessions`;
      const ended = await sql<Ended[]>`
        select * from public.interview_session_history order by fence`;
      const isOf = (id: string) => (row: { user_id: string }) =>
        row.user_id === id;
      return userIds.map((id) => ({
        ...newUser(id),
        exists: users.some((user) => user.id === id),
        live: live.map(story).find(isOf(id)) ?? null,
        ended: ended.map(story).filter(isOf(id)),
      }));
    },
    async lastRun() {
      const [run] = await sql<
        { reaped: number; failed: number; pruned: number }[]
      >`
        select reaped, failed, pruned from sessions.reaper_runs
        order by id desc
        limit 1`;
      return run;
    },
    overlaps: async () => [
      ...await sql`select * from sessions.overlapping_sessions()`,
    ],
    close: () => sql.end(),
  };
}

function connection(
  api: postgres.Sql,
  admin: postgres.Sql,
  story: <T>(row: T) => T,
): Connection {
  const inTransaction = async (
    o: { role: string; sub: string | null; holdMs?: number },
    query: string,
    read: (rows: Row[]) => Answer,
  ): Promise<Answer> => {
    const claims = JSON.stringify({
      role: o.role,
      ...(o.sub !== null && { sub: o.sub }),
    });
    const identity = `
      select
        set_config('role', ${literal(o.role)}, true),
        set_config('request.jwt.claims', ${literal(claims)}, true)`;
    try {
      return story(read(await rowsOfLast(api, [identity, query], o)));
    } catch (error) {
      return story(refusalIn(error));
    }
  };
  const asAdmin = async (query: string, o: { holdMs?: number }) => {
    try {
      return { done: (await rowsOfLast(admin, [query], o)).length === 1 };
    } catch (error) {
      throw outside(error);
    }
  };

  return {
    async call(userId, call, o = {}) {
      const authenticated = { role: "authenticated", sub: userId, ...o };
      switch (call.name) {
        case "start_session":
        case "heartbeat_session":
        case "complete_session":
          return await inTransaction(
            authenticated,
            rpc(call.name, argumentsOf(call)),
            ([active]) => ({ active: active as unknown as Session }),
          );
        case "end_session":
          return await inTransaction(
            authenticated,
            rpc(call.name, argumentsOf(call)),
            (rows) => ({ ended: rows as unknown as Ended[] }),
          );
        case "holds_session":
          return await inTransaction(
            authenticated,
            rpc(call.name, argumentsOf(call)),
            ([{ holds_session }]) => ({ holds: holds_session as boolean }),
          );
        case "select_own":
          return await inTransaction(
            authenticated,
            "select * from public.active_interview_sessions",
            ([active = null]) => ({ active: active as Session | null }),
          );
        case "revoke_session":
          return await inTransaction(
            { role: "service_role", sub: call.by, ...o },
            rpc(call.name, { user_id: userId, note: call.note }),
            (rows) => ({ ended: rows as unknown as Ended[] }),
          );
        case "delete_user":
          return await asAdmin(
            `delete from auth.users where id = ${literal(userId)} returning id`,
            o,
          );
        case "create_user":
          return await asAdmin(
            `insert into auth.users (id) values (${literal(userId)})
             on conflict do nothing returning id`,
            o,
          );
        case "reap_stale_sessions":
          throw new Error("the reaper is about all users: use reap()");
      }
    },
    reap: (o, hold = {}) =>
      inTransaction(
        { role: "service_role", sub: null, ...hold },
        rpc("reap_stale_sessions", { ...o }),
        (rows) => ({ ended: rows as unknown as Ended[] }),
      ),
    close: () => api.end(),
  };
}

type Row = Record<string, unknown>;

/** Of the last query. Several in one message are one transaction. */
async function rowsOfLast(
  sql: postgres.Sql,
  queries: string[],
  { holdMs = 0 }: { holdMs?: number },
): Promise<Row[]> {
  const hold = holdMs > 0 ? [`select pg_sleep(${holdMs / 1000})`] : [];
  const results = await sql.unsafe([...queries, ...hold].join("; ")).simple();
  const all =
    (queries.length + hold.length === 1
      ? [results]
      : results) as unknown as Row[][];
  return all[queries.length - 1].map((row) => ({ ...row }));
}

function connectTo(url: string, max = 1): postgres.Sql {
  return postgres(url, {
    max,
    fetch_types: false,
    onnotice: () => {},
    connection: { TimeZone: "UTC" },
    types: {
      bigint: { to: 20, from: [20], serialize: String, parse: Number },
      instant: { to: 1184, from: [1184], serialize: String, parse: instant },
      span: { to: 1186, from: [1186], serialize: String, parse: span },
    },
  }) as unknown as postgres.Sql;
}

/** What was asked of the database, in SQL. */
function rpc(
  name: string,
  args: Record<string, string | number | boolean | null>,
): string {
  const list = Object.entries(args)
    .map(([key, value]) => `${key} => ${literal(value)}`)
    .join(", ");
  return `select * from public.${name}(${list})`;
}

function argumentsOf<C extends { name: string }>(call: C): Omit<C, "name"> {
  const { name: _, ...args } = call;
  return args;
}

function literal(value: string | number | boolean | null): string {
  return typeof value === "string"
    ? `'${value.replaceAll("'", "''")}'`
    : String(value);
}

function update(settings: Settings): string {
  const { lease, max_duration, completing_grace, history_retention } = settings;
  return `
    update sessions.settings
    set
      lease = ${interval(lease)},
      heartbeat_every = ${interval(Math.floor(lease / 2.5))},
      max_duration = ${interval(max_duration)},
      completing_grace = ${interval(completing_grace)},
      history_retention = ${interval(history_retention)}
    where is_the_row`;
}

function interval(time: Micros): string {
  return `interval '${time} microseconds'`;
}

function refusalIn(error: unknown): Answer {
  if (!(error instanceof postgres.PostgresError)) throw error;
  if (!contract.includes(error.code)) throw outside(error);
  if (!error.message) throw new Error("a refusal without a sentence");
  const detail = error.detail ? JSON.parse(error.detail) : null;
  return {
    refusal: error.code,
    detail: detail && Object.fromEntries(
      Object.entries(detail).map(([key, value]) => [
        key,
        key.endsWith("_at") && value !== null ? instant(String(value)) : value,
      ]),
    ),
  };
}

function outside(error: unknown): unknown {
  return error instanceof postgres.PostgresError
    ? new OutsideTheContract(error.code, error.message, { cause: error })
    : error;
}

/** Times as they stand in the database, as times of the story. */
function moved<T>(value: T, ahead: Micros): T {
  if (Array.isArray(value)) return value.map((v) => moved(v, ahead)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, v]) => [
      key,
      key.endsWith("_at") && typeof v === "number"
        ? v + ahead
        : moved(v, ahead),
    ]),
  ) as T;
}

function instant(text: string): Micros {
  const [, day, time, fraction = ""] =
    /^(\S{10})[ T](\S{8})(?:\.(\d+))?\+00(?::00)?$/.exec(text)!;
  return Date.parse(`${day}T${time}Z`) * 1000 + Number(fraction.padEnd(6, "0"));
}

function span(text: string): Micros {
  const [, days = "0", h, m, s, fraction = ""] =
    /^(?:(\d+) days? ?)?(?:(\d+):(\d\d):(\d\d)(?:\.(\d+))?)?$/.exec(text)!;
  const seconds = ((Number(days) * 24 + Number(h ?? 0)) * 60 +
        Number(m ?? 0)) * 60 + Number(s ?? 0);
  return seconds * 1_000_000 + Number(fraction.padEnd(6, "0"));
}

/** How the tables differ from what the model says they hold, if they do. */
export async function difference(
  database: Database,
  users: User[],
): Promise<{ tables: unknown; model: unknown } | undefined> {
  const overlaps = await database.overlaps();
  if (overlaps.length > 0) return { tables: { overlaps }, model: "none" };
  const tables = rowsOfAll(
    await database.everything(users.map(({ id }) => id)),
  );
  const model = rowsOfAll(users);
  if (!isDeepStrictEqual(tables, model)) return { tables, model };
}

/** With all leases run out: nothing then depends on the time of looking. */
function rowsOfAll(users: User[]) {
  return users.map((user) => asOf(Infinity, user))
    .map(({ exists, ended, unswept }) => ({ exists, ended, unswept }));
}
