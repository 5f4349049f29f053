// The database as the model sees it: a call is a transaction of its own under
// the caller's role and claims, an answer has the model's form, and times are
// microseconds of a clock that the tests can put forward.
import { isDeepStrictEqual } from "node:util";
import postgres from "postgres";
import { isCluster } from "../../../scripts/test/databases_fixture.ts";
import {
  type Answer,
  asOf,
  type Call,
  type EarlyEnd,
  type Ended,
  type Extension,
  type Interview,
  type Micros,
  newUser,
  type Revocation,
  type Session,
  type Settings,
  type User,
} from "./model.ts";

/** Says where a role finds the database. */
export type Url = (role: string) => string;

/** A connection of the API: one call at a time. */
export interface Connection {
  /** Makes a call about this user; its transaction commits `holdMs` later. */
  call(userId: string, call: Call, o?: { holdMs?: number }): Promise<Answer>;
  /** Makes several calls of one user in one transaction. */
  callTogether(userId: string, calls: Call[]): Promise<Answer[]>;
  /** Deletes the user, creates them again and makes this call of theirs, in one
   * transaction. */
  replaceUser(
    userId: string,
    call: Call,
    o?: { holdMs?: number },
  ): Promise<Answer[]>;
  /** Calls the reaper. */
  reap(o: Reap, hold?: { holdMs?: number }): Promise<Answer>;
  close(): Promise<void>;
}

/** The arguments of the reaper. */
export interface Reap {
  batch_size: number | null;
  dry_run: boolean | null;
}

/** The last run that the reaper recorded. */
export interface Run {
  ran_at: Micros;
  reaped: number;
  failed: number;
  pruned: number;
}

/** The database of a run, and what no client can do to it. */
export interface Database {
  connect(): Connection;
  /** Deletes everything but the fence, and makes these the settings. */
  startAfresh(userIds: string[], settings: Settings): Promise<void>;
  change(settings: Settings): Promise<void>;
  /** Lets time pass: moves every stored time into the past. */
  letPass(time: Micros): Promise<void>;
  /** The time now, at the latest, on the clock that `letPass` puts forward. */
  latestNow(): Micros;
  /** The same, at the earliest. */
  earliestNow(): Micros;
  /** The rows of all tables, as users of the model. */
  everything(userIds: string[]): Promise<User[]>;
  lastRun(): Promise<Run>;
  /** Sessions that overlap, by the query of the product. */
  overlaps(): Promise<unknown[]>;
  /** Sessions whose fence, ended_fence and next fence are not in this order. */
  unordered(): Promise<unknown[]>;
  /** What the server logged about this deadlock: the statements of all sides, of
   * which the error names only one. */
  logOf(deadlock: OutsideTheContract): Promise<string>;
  sql: postgres.Sql;
  close(): Promise<void>;
}

/** An error that the contract does not know. */
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
  let isPrepared = false;
  const sql = connectTo(url("postgres"), 4);
  const shifted = <T>(row: T): T => moved(row, ahead);
  const prepare = async () => {
    if (!isPrepared) await sql.unsafe(hiddenTimes).simple();
    isPrepared = true;
  };

  return {
    sql,
    connect: () => connection(connectTo(url("authenticator")), sql, shifted),
    async startAfresh(userIds, settings) {
      await prepare();
      ahead = 0;
      const users = userIds.map((id) => `(${literal(id)})`).join(", ");
      await sql.unsafe(`
        delete from auth.users;
        delete from sessions.reaper_runs;
        delete from sessions.reap_failures;
        insert into auth.users (id) values ${users};
        ${update(settings)}`).simple();
    },
    async change(settings) {
      await sql.unsafe(update(settings)).simple();
    },
    async letPass(time) {
      ahead += time;
      const statements = Object.entries(times).map(([table, columns]) => {
        const by = columns.map((c) => `${c} = ${c} - ${interval(time)}`);
        return `update ${table} set ${by.join(", ")}`;
      });
      await sql.unsafe(statements.join("; ")).simple();
    },
    // the server is on this machine and reads the same clock
    earliestNow: () => Date.now() * 1000 + ahead,
    latestNow: () => (Date.now() + 1) * 1000 + ahead,
    async everything(userIds) {
      const rows = async <T>(table: string, order: string) => {
        const all = await sql.unsafe<(T & { user_id: string })[]>(
          `select * from ${table} order by ${order}`,
        );
        return (id: string): T[] =>
          all.filter(({ user_id }) => user_id === id).map(shifted);
      };
      const users = await sql<{ id: string }[]>`select id from auth.users`;
      const live = await rows<Session>(
        "public.active_interview_sessions",
        "user_id",
      );
      const ended = await rows<Row>(
        "public.interview_session_history",
        "fence",
      );
      const interviews = await rows<Interview>(
        "public.interviews",
        `interview_id collate "C"`,
      );
      const earlyEnds = await rows<EarlyEnd>(
        "sessions.early_ends",
        "ended_at",
      );
      const revocations = await rows<Revocation>(
        "sessions.revocations",
        "revoked_at",
      );
      const extensions = await rows<Row>("sessions.extensions", "id");
      return userIds.map((id): User => ({
        ...newUser(id),
        exists: users.some((user) => user.id === id),
        live: live(id)[0] ?? null,
        ended: ended(id).map(asEnded),
        interviews: interviews(id),
        earlyEnds: earlyEnds(id).map(withoutUser),
        revocations: revocations(id).map(withoutUser),
        extensions: extensions(id).map(asExtension),
      }));
    },
    async lastRun() {
      const [run] = await sql<Run[]>`
        select ran_at, reaped, failed, pruned
        from sessions.reaper_runs
        order by id desc
        limit 1`;
      return shifted({ ...run });
    },
    overlaps: async () => [
      ...await sql`select * from sessions.overlapping_sessions()`,
    ],
    unordered: async () => [
      ...await sql`
        select *
        from (
          select
            h.user_id, h.session_id, h.fence, h.ended_fence,
            lead(h.fence) over (partition by h.user_id order by h.fence) as next
          from public.interview_session_history h
        ) ended
        left join public.active_interview_sessions a using (user_id)
        where not ended.fence < ended.ended_fence
          or ended.ended_fence >= coalesce(ended.next, a.fence)`,
    ],
    async logOf({ cause }) {
      const { detail = "" } = cause as postgres.PostgresError;
      const superuser = connectTo(url("supabase_admin"));
      try {
        // the log lies beside the data
        const [{ log }] = await superuser<{ log: string }[]>`
          select pg_read_file(current_setting('data_directory') || '.log') as log`;
        return entryWith(detail.split("\n")[0], log);
      } finally {
        await superuser.end();
      }
    },
    close: () => sql.end(),
  };
}

/** The lines of a server's log about the error with this first line of its detail. */
function entryWith(detail: string, log: string): string {
  const lines = log.split("\n");
  const at = lines.findIndex((line) => line.includes(`DETAIL:  ${detail}`));
  const belongs = /^\t|\] (DETAIL|HINT|CONTEXT|STATEMENT): /;
  const rest = lines.slice(Math.max(at, 0));
  const end = rest.findIndex((line) => !belongs.test(line));
  return rest.slice(0, end).join("\n");
}

/** The columns with times. */
const times = {
  "public.active_interview_sessions": [
    ...["created_at", "updated_at", "deadline_at", "expires_at"],
  ],
  "public.interview_session_history": [
    ...["started_at", "last_seen_at", "ended_at"],
  ],
  "public.interviews": ["started_at", "deadline_at", "submitted_at"],
  "sessions.early_ends": ["ended_at"],
  "sessions.revocations": ["revoked_at"],
  "sessions.extensions": ["extended_at"],
  "sessions.reaper_runs": ["ran_at"],
};

/** Shows the time of a call that its answer does not show. */
const hiddenTimes = `
  create schema if not exists model;
  grant usage on schema model to authenticated, service_role;
  create or replace function model.written_at(user_id uuid, call text)
  returns timestamptz
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
  as $$
  begin
    if call = 'end_session' then
      return (
        select max(e.ended_at)
        from sessions.early_ends e
        where e.user_id = written_at.user_id
      );
    end if;
    return (
      select x.extended_at
      from sessions.extensions x
      where x.user_id = written_at.user_id
      order by x.id desc
      limit 1
    );
  end
  $$`;

interface Identity {
  role: "authenticated" | "service_role";
  sub: string | null;
}

/** A statement, and what its rows mean. */
interface Question {
  identity: Identity;
  queries: string[];
  read(results: Row[][]): Answer;
}

function connection(
  api: postgres.Sql,
  admin: postgres.Sql,
  shifted: <T>(row: T) => T,
): Connection {
  const ask = async (
    { identity, queries, read }: Question,
    path: string,
    hold: { holdMs?: number },
  ): Promise<Answer> => {
    try {
      const all = [settingsOf(identity, path), ...queries];
      const [, ...results] = await resultsOf(api, all, hold);
      return shifted(read(results));
    } catch (error) {
      return shifted(refusalIn(error));
    }
  };
  const asAdmin = async (queries: string[], hold: { holdMs?: number }) => {
    try {
      return await resultsOf(admin, queries, hold);
    } catch (error) {
      throw outside(error);
    }
  };
  const done = (rows: Row[]): Answer => ({ done: rows.length === 1 });

  return {
    async call(userId, call, hold = {}) {
      switch (call.name) {
        case "delete_user":
        case "create_user": {
          const [rows] = await asAdmin([administer(userId, call.name)], hold);
          return done(rows);
        }
        default:
          return await ask(questionOf(userId, call), call.name, hold);
      }
    },
    async callTogether(userId, calls) {
      const answers: Answer[] = [];
      try {
        await api.begin(async (transaction) => {
          for (const call of calls) {
            const { identity, queries, read } = questionOf(userId, call);
            const all = [settingsOf(identity, "restart"), ...queries];
            const [, ...results] = await resultsOf(transaction, all);
            answers.push(shifted(read(results)));
          }
        });
      } catch (error) {
        answers.push(shifted(refusalIn(error)));
      }
      return answers;
    },
    async replaceUser(userId, call, hold = {}) {
      const { identity, queries, read } = questionOf(userId, call);
      const [deleted, created, , ...results] = await asAdmin([
        administer(userId, "delete_user"),
        administer(userId, "create_user"),
        settingsOf(identity, "restart"),
        ...queries,
      ], hold);
      return [done(deleted), done(created), shifted(read(results))];
    },
    reap: (o, hold = {}) =>
      ask(
        {
          identity: { role: "service_role", sub: null },
          queries: [rpc("reap_stale_sessions", { ...o })],
          read: ([rows]) => ({ ended: rows.map(asEnded) }),
        },
        "reap_stale_sessions",
        hold,
      ),
    close: () => api.end(),
  };
}

function administer(
  userId: string,
  name: "delete_user" | "create_user",
): string {
  const id = literal(userId);
  return name === "delete_user"
    ? `delete from auth.users where id = ${id} returning id`
    : `insert into auth.users (id) values (${id})
       on conflict do nothing returning id`;
}

function questionOf(userId: string, call: Call): Question {
  const identity: Identity = { role: "authenticated", sub: userId };
  const writtenAt = `
    select model.written_at(${literal(userId)}, '${call.name}') as written_at`;
  const { name } = call;
  switch (name) {
    case "start_session":
    case "heartbeat_session":
    case "complete_session":
      return {
        identity,
        queries: [rpc(name, argumentsOf(call))],
        read: ([[active]]) => ({ active: active as unknown as Session }),
      };
    case "end_session":
      return {
        identity,
        queries: [rpc(name, argumentsOf(call)), writtenAt],
        read: ([rows, [{ written_at }]]) => ({
          ended: rows.map(asEnded),
          ...(rows.length === 0 && { written_at: written_at as Micros }),
        }),
      };
    case "holds_session":
      return {
        identity,
        queries: [rpc(name, argumentsOf(call))],
        read: ([[row]]) => ({ holds: row[name] as boolean }),
      };
    case "select_live":
      return {
        identity,
        queries: ["select * from public.active_interview_sessions"],
        read: ([[active = null]]) => ({
          active: active as unknown as Session | null,
        }),
      };
    case "select_history":
      return {
        identity,
        queries: [
          "select * from public.interview_session_history order by fence",
        ],
        read: ([rows]) => ({ ended: rows.map(asEnded) }),
      };
    case "select_interviews":
      return {
        identity,
        queries: [
          `select * from public.interviews order by interview_id collate "C"`,
        ],
        read: ([rows]) => ({ interviews: rows as unknown as Interview[] }),
      };
    case "user_holds_session":
      return {
        identity: { role: "service_role", sub: null },
        queries: [rpc(name, { user_id: userId, ...argumentsOf(call) })],
        read: ([[row]]) => ({ holds: row[name] as boolean }),
      };
    case "revoke_session":
      return {
        identity: { role: "service_role", sub: call.operator },
        queries: [rpc(name, { user_id: userId, note: call.note })],
        read: ([rows]) => ({ ended: rows.map(asEnded) }),
      };
    case "extend_interview": {
      const { interview_id, by, note } = call;
      const args = [userId, interview_id].map(literal).join(", ");
      const interval_ = by === null ? "null" : interval(by);
      return {
        identity: { role: "service_role", sub: call.operator },
        queries: [
          `select * from public.${name}(${args}, ${interval_}, ${
            literal(note)
          })`,
          writtenAt,
        ],
        read: ([rows, [{ written_at }]]) => ({
          interviews: rows as unknown as Interview[],
          ...(rows.length > 0 && { written_at: written_at as Micros }),
        }),
      };
    }
    default:
      throw new Error(`${name} is no call of a user: use call() or reap()`);
  }
}

type Row = Record<string, unknown>;

function asEnded({ ended_fence: _, ...row }: Row): Ended {
  return row as unknown as Ended;
}

function asExtension({ id: _, user_id: __, ...row }: Row): Extension {
  return row as unknown as Extension;
}

function withoutUser<T>(row: T): T {
  const { user_id: _, ...rest } = row as Row;
  return rest as T;
}

/** As PostgREST makes them for a request. */
function settingsOf({ role, sub }: Identity, path: string): string {
  const claims = JSON.stringify({ role, ...(sub !== null && { sub }) });
  return `
    select
      set_config('role', ${literal(role)}, true),
      set_config('request.path', ${literal(`/rpc/${path}`)}, true),
      set_config('request.jwt.claims', ${literal(claims)}, true)
      ${isCluster() ? ", public.pass_claims()" : ""}`;
}

/** Several queries in one message are one transaction. */
async function resultsOf(
  sql: postgres.Sql | postgres.TransactionSql,
  queries: string[],
  { holdMs = 0 }: { holdMs?: number } = {},
): Promise<Row[][]> {
  const hold = holdMs > 0 ? [`select pg_sleep(${holdMs / 1000})`] : [];
  const all = [...queries, ...hold];
  const results = await sql.unsafe(all.join("; ")).simple();
  const lists = (all.length === 1 ? [results] : results) as unknown as Row[][];
  return lists.map((rows) => rows.map((row) => ({ ...row })));
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
  const { lease, max_duration, completing_grace } = settings;
  return `
    update sessions.settings
    set
      lease = ${interval(lease)},
      heartbeat_every = ${interval(Math.floor(lease / 2.5))},
      max_duration = ${interval(max_duration)},
      completing_grace = ${interval(completing_grace)},
      history_retention = ${interval(settings.history_retention)},
      takeover = ${literal(settings.takeover)}
    where is_the_row`;
}

function interval(time: Micros): string {
  return `interval '${time} microseconds'`;
}

function refusalIn(error: unknown): Answer {
  if (!(error instanceof postgres.PostgresError)) throw error;
  if (!contract.includes(error.code)) throw outside(error);
  if (!error.message) throw new Error("a refusal without a message");
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

/** An error of the server as one that the contract does not know. */
export function outside(error: unknown): unknown {
  return error instanceof postgres.PostgresError
    ? new OutsideTheContract(error.code, error.message, { cause: error })
    : error;
}

/** Times of the database as times of the program. */
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

/** What makes users comparable at the end of a program. */
export type View = (user: User) => User;

/** How the tables differ from the model, if they do. */
export async function difference(
  database: Database,
  users: User[],
  view: View = (user) => user,
): Promise<{ tables: unknown; model: unknown } | undefined> {
  const overlaps = await database.overlaps();
  const unordered = await database.unordered();
  if (overlaps.length + unordered.length > 0) {
    return { tables: { overlaps, unordered }, model: "none" };
  }
  const ids = users.map(({ id }) => id);
  const tables = (await database.everything(ids)).map(timeless(view));
  const model = users.map(timeless(view));
  if (!isDeepStrictEqual(tables, model)) return { tables, model };
}

/** With all leases run out, so that nothing depends on when the rows are read. */
function timeless(view: View) {
  return (user: User) => {
    const { fence: _, writtenAt: __, lockedAt: ___, ...rows } = view(
      asOf(Infinity, user),
    );
    return { ...rows, live: null };
  };
}
