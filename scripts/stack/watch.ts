// Reports what happens to the sessions by polling the tables: this needs nothing
// that a hosted project lacks, and sees changes made with psql as well as those
// made through the API.
import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import type { SessionOfEvent, StackEvent } from "./events.ts";

/** What is watched. */
export interface WatchOptions {
  /** The database, as `postgres`. */
  databaseUrl: string;
  /** Milliseconds between two polls. */
  everyMs?: number;
  /** Called with everything that has happened since the last poll. */
  onEvent(event: StackEvent): void;
}

interface LiveRow {
  fence: bigint;
  user_id: string;
  session_id: string;
  device: string | null;
  status: string;
  previous_session_id: string | null;
}

interface EndedRow extends LiveRow {
  end_reason: string;
}

interface ReaperRun {
  id: bigint;
  reaped: number;
  failed: number;
}

interface Snapshot {
  live: LiveRow[];
  ended: EndedRow[];
  runs: ReaperRun[];
}

const bigints = {
  bigint: {
    to: 20,
    from: [20],
    serialize: (value: bigint) => value.toString(),
    parse: (text: string) => BigInt(text),
  },
};

/** A running watch. */
export interface Watch {
  /** Reports an event from elsewhere, after the changes that led to it. */
  tell(event: StackEvent): void;
  /** Stops watching. */
  stop(): Promise<void>;
}

/** Starts to watch; rows that already exist are not reported. */
export async function watchSessions(o: WatchOptions): Promise<Watch> {
  const sql = postgres(o.databaseUrl, {
    max: 1,
    backoff: () => 0.2,
    onnotice: () => {},
    types: bigints,
    connection: { application_name: "watch" },
  });
  const seen = { fence: 0n, run: 0n, live: new Map<bigint, LiveRow>() };
  const look = () => takeSnapshot(sql, seen);
  const remember = (now: Snapshot) => {
    for (const { fence } of [...now.live, ...now.ended]) {
      if (fence > seen.fence) seen.fence = fence;
    }
    for (const { id } of now.runs) if (id > seen.run) seen.run = id;
    seen.live = new Map(now.live.map((row) => [row.fence, row]));
  };
  remember(await look());

  let stopping = false;
  let hurry = new AbortController();
  let toldElsewhere: StackEvent[] = [];
  const watching = (async () => {
    while (!stopping) {
      hurry = new AbortController();
      const toTell = toldElsewhere;
      toldElsewhere = [];
      try {
        const now = await look();
        for (const event of eventsBetween(seen, now)) o.onEvent(event);
        remember(now);
      } catch {
        // the database or the tables may come back
      }
      for (const event of toTell) o.onEvent(event);
      // rejects only when it is to look at once
      await delay(o.everyMs ?? 200, undefined, { signal: hurry.signal })
        .catch(() => {});
    }
  })();

  return {
    tell(event) {
      toldElsewhere.push(event);
      hurry.abort();
    },
    async stop() {
      stopping = true;
      hurry.abort();
      await watching;
      await sql.end({ timeout: 1 });
    },
  };
}

interface Seen {
  /** The highest fence so far. */
  fence: bigint;
  /** The latest reaper run so far. */
  run: bigint;
  /** The sessions that were live, by fence. */
  live: Map<bigint, LiveRow>;
}

/** One snapshot for all queries, or a session could be missed between two. */
async function takeSnapshot(
  sql: postgres.Sql<{ bigint: bigint }>,
  seen: Seen,
): Promise<Snapshot> {
  return await sql.begin(
    "isolation level repeatable read read only",
    async (sql) => {
      const live = await sql<LiveRow[]>`
        select
          fence, user_id, session_id, device, status, previous_session_id
        from public.active_interview_sessions
        order by fence`;
      const isLive = new Set(live.map(({ fence }) => fence));
      const gone = [...seen.live.keys()].filter((fence) => !isLive.has(fence));
      const ended = await sql<EndedRow[]>`
        select
          fence, user_id, session_id, device, status, previous_session_id,
          end_reason
        from public.interview_session_history
        where fence > ${seen.fence}
        or fence = any (${gone.map(String)}::bigint[])
        order by fence`;
      const runs = await sql<ReaperRun[]>`
        select id, reaped, failed
        from sessions.reaper_runs
        where id > ${seen.run}
        order by id`;
      return { live, ended, runs };
    },
  );
}

/** The changes, in the order in which they may have happened. */
function* eventsBetween(seen: Seen, now: Snapshot): Generator<StackEvent> {
  const ended = new Map(now.ended.map((row) => [row.fence, row]));
  const isLive = new Set(now.live.map(({ fence }) => fence));

  for (const [fence, row] of seen.live) {
    if (isLive.has(fence)) continue;
    const reason = ended.get(fence)?.end_reason ?? "its user was deleted";
    yield* endOf(row, reason);
  }
  for (const row of [...now.live, ...now.ended].sort(byFence)) {
    const before = seen.live.get(row.fence);
    if (!before && row.fence > seen.fence) yield startOf(row);
    const wasCompleting = before?.status === "completing";
    if (isLive.has(row.fence) && row.status === "completing") {
      if (!wasCompleting) yield { kind: "completing", ...sessionOf(row) };
    }
    if (!before && ended.has(row.fence)) {
      yield* endOf(row, ended.get(row.fence)!.end_reason);
    }
  }
  for (const { reaped, failed } of now.runs) {
    if (reaped > 0 || failed > 0) yield { kind: "reaped", reaped, failed };
  }
}

function startOf(row: LiveRow): StackEvent {
  const { previous_session_id: from } = row;
  return from === null
    ? { kind: "started", ...sessionOf(row) }
    : { kind: "taken over", ...sessionOf(row), from };
}

/** The end of a session that was taken over is reported with its successor. */
function* endOf(row: LiveRow, reason: string): Generator<StackEvent> {
  if (reason === "taken_over") return;
  yield { kind: "ended", ...sessionOf(row), reason };
}

function sessionOf(row: LiveRow): SessionOfEvent {
  return { user: row.user_id, session: row.session_id, device: row.device };
}

function byFence(a: LiveRow, b: LiveRow): number {
  return a.fence < b.fence ? -1 : a.fence > b.fence ? 1 : 0;
}
