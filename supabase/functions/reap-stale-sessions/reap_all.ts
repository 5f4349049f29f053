// The run: one bounded batch after the other, until one comes back short or the time is used up.

/** Sessions of one call of the reaper. One statement moves them, in tens of milliseconds. */
const BATCH_SIZE = 1000;

/** A run ends before the next one is due (60 s), and well before the platform ends it (150 s). */
const TIME_BUDGET_MS = 50_000;

/** The platform cuts a log line at 10,000 characters: some 200 ids, if they are uuids. The history has them all. */
const CHARACTERS_OF_IDS = 9000;

/** Before the one retry: what was in the way may have gone by then. */
const RETRY_AFTER_MS = 250;

/** What this module reads of a row of `interview_session_history`. */
interface EndedSession {
  session_id: string;
  end_reason: string;
}

/** What it reads of `session_health()`. */
interface Health {
  status: "ok" | "warning" | "critical";
  reason: string;
  last_reap_failed: number | null;
}

/** What a database call answers: the shape of supabase-js. */
export interface Answer {
  data: unknown;
  error: { code?: string; message: string } | null;
  status: number;
}

/** Calls a database function by name, as `supabase.rpc` does. */
export type Rpc = (
  name: string,
  args?: Record<string, unknown>,
) => PromiseLike<Answer>;

/** How far a run came. */
export interface Progress {
  /** Sessions moved to the history. */
  reaped: number;
  /** Calls of the reaper that were answered. */
  batches: number;
  /** Of `reaped`, how many for which reason. */
  by_reason: Record<string, number>;
  /** Milliseconds. */
  duration_ms: number;
  /** Whether the last batch was not full: nothing stale is left, except what cannot be reaped. */
  drained: boolean;
}

/** A finished run, and how the component is after it. */
export type Run = Progress & { health: ShownHealth };

/** What a scheduler is told of the health. */
export type ShownHealth = Pick<Health, "status" | "reason">;

/** A database call that failed, also when repeated where that made sense. */
export class ReapingFailed extends Error {
  /**
   * @param code SQLSTATE or PostgREST's code; empty if there was no answer
   * @param retryable whether the cause may pass by itself
   * @param soFar what had been done: it stays done; with the health, if the
   * reaper was refused and the health was not, and with what was delivered
   */
  constructor(
    message: string,
    readonly code: string,
    readonly retryable: boolean,
    readonly soFar: Progress & { health?: ShownHealth; deliveries?: unknown },
  ) {
    super(message);
  }

  /** The same failure, with what was done besides. */
  with(more: { deliveries: unknown }): ReapingFailed {
    const { message, code, retryable, soFar } = this;
    return new ReapingFailed(message, code, retryable, { ...soFar, ...more });
  }
}

/**
 * Reaps until nothing stale is left or the time is used up, and logs one line a batch that found something.
 * Throws `ReapingFailed`.
 */
export async function reapAll(rpc: Rpc): Promise<Run> {
  const began = performance.now();
  const progress: Progress = {
    reaped: 0,
    batches: 0,
    by_reason: {},
    duration_ms: 0,
    drained: false,
  };
  const elapsed = () => Math.round(performance.now() - began);
  const call = (name: string, args?: Record<string, unknown>) =>
    callTwiceAtMost(rpc, name, args).catch(async (cause: Answer) => {
      const retryable = isRetryable(cause);
      // Then the API answers, and the health may say more than the error.
      const asksHealth = !retryable && name !== "session_health";
      const health = asksHealth ? await healthIfTold(rpc) : undefined;
      throw failureOf(cause, {
        ...progress,
        duration_ms: elapsed(),
        ...(health && { health: shown(health) }),
      });
    });

  /** Reaps one batch; how many sessions it moved. */
  const reapBatch = async () => {
    const batch = await call("reap_stale_sessions", {
      batch_size: BATCH_SIZE,
    }) as EndedSession[];
    progress.batches++;
    progress.reaped += batch.length;
    progress.drained = batch.length < BATCH_SIZE;
    for (const { end_reason } of batch) {
      progress.by_reason[end_reason] = (progress.by_reason[end_reason] ?? 0) +
        1;
    }
    if (batch.length > 0) logBatch(batch);
    return batch.length;
  };

  let health: Health;
  do {
    let reaped: number;
    do {
      reaped = await reapBatch();
    } while (!progress.drained && elapsed() < TIME_BUDGET_MS);
    [health] = await call("session_health") as Health[];
    // A batch is also short if some of it could not be moved. The database picks
    // those last from now on, so others may be left.
    progress.drained = reaped + (health.last_reap_failed ?? 0) < BATCH_SIZE;
  } while (!progress.drained && elapsed() < TIME_BUDGET_MS);

  return {
    ...progress,
    duration_ms: elapsed(),
    health: shown(health),
  };
}

async function healthIfTold(rpc: Rpc): Promise<Health | undefined> {
  const { data, error } = await rpc("session_health");
  return error ? undefined : (data as Health[])[0];
}

function shown({ status, reason }: Health): ShownHealth {
  return { status, reason };
}

/** The answer's data; throws the `Answer` that failed, after one more try where that makes sense. */
export async function callTwiceAtMost(
  rpc: Rpc,
  name: string,
  args?: Record<string, unknown>,
): Promise<unknown> {
  let answer = await rpc(name, args);
  if (answer.error && isRetryable(answer)) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
    answer = await rpc(name, args);
  }
  if (answer.error) throw answer;
  return answer.data;
}

/** No answer at all, a gateway's (502 to 504, 520 and up) or PostgREST's lost connection, or a conflict that passes (SQLSTATE classes 40, 53, 55, 57, 08, but not 55000: something is missing). */
function isRetryable({ error, status }: Answer): boolean {
  if (error?.code === "55000") return false;
  return status === 0 || status >= 502 ||
    /^(08|40|53|55|57)...$|^PGRST00[0-3]$/.test(error?.code ?? "");
}

/** The error for a database call that failed. */
export function failureOf(
  answer: Answer,
  soFar: ReapingFailed["soFar"],
  before = "",
): ReapingFailed {
  return new ReapingFailed(
    before + whatFailed(answer),
    answer.error?.code ?? "",
    isRetryable(answer),
    soFar,
  );
}

function whatFailed({ error, status }: Answer): string {
  const message = error?.message || "it said nothing";
  return status === 0
    ? `The project's API could not be reached: ${message}`
    : message;
}

function logBatch(batch: EndedSession[]) {
  const ids: Record<string, string[]> = {};
  let room = CHARACTERS_OF_IDS;
  let listed = 0;
  for (const { session_id, end_reason } of batch) {
    room -= JSON.stringify(session_id).length + 1;
    if (room < 0) break;
    (ids[end_reason] ??= []).push(session_id);
    listed++;
  }
  console.log(JSON.stringify({
    event: "batch",
    reaped: batch.length,
    session_ids: ids,
    ...(listed < batch.length && { not_listed: batch.length - listed }),
  }));
}
