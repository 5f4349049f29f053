// Calls and answers in a line each, and how often each kind occurred.
import type { Answer, Call, Session } from "./model.ts";

/** How often each kind of call and of answer occurred. */
export interface Count {
  add(call: Call, answer: Answer): void;
  /** Counts anything else. */
  note(what: string, times?: number): void;
  /** By call, by refusal, and by how sessions ended. */
  totals(): Record<string, number>;
  /** Of all calls. */
  calls(): number;
}

/**
 * Repeats random work until all of these have occurred, so that no test depends on the
 * luck of one round. Returns what has not after 20 rounds.
 */
export async function untilAllOccur(
  mustOccur: string[],
  count: Count,
  work: () => Promise<void>,
): Promise<string[]> {
  const missing = () => mustOccur.filter((what) => !count.totals()[what]);
  let rounds = 0;
  do {
    await work();
    rounds++;
  } while (missing().length > 0 && rounds < 20);
  return missing();
}

/** Starts to count. */
export function startCounting(): Count {
  const totals: Record<string, number> = {};
  let calls = 0;
  const add = (what: string, n = 1) => totals[what] = (totals[what] ?? 0) + n;
  return {
    add(call, answer) {
      calls++;
      add(call.name);
      if ("refusal" in answer) {
        add(answer.refusal);
        const interview = interviewOver(answer.detail);
        if (interview) add(`interview ${interview}`);
      }
      if ("ended" in answer) {
        for (const row of answer.ended) add(row.end_reason);
        if (call.name === "end_session" && answer.written_at) add("early end");
      }
      if ("interviews" in answer && answer.written_at) add("extended");
      if (call.name === "start_session" && "active" in answer) {
        add(kindOfStart(answer.active!));
      }
      if ("holds" in answer) add(answer.holds ? "holds" : "does not hold");
    },
    note: add,
    totals: () => totals,
    calls: () => calls,
  };
}

function kindOfStart(session: Session): string {
  const { updated_at, created_at, previous_session_id, interview_id } = session;
  if (updated_at > created_at) return "renewed by start";
  if (previous_session_id === null) return "granted";
  return interview_id === null ? "granted by takeover" : "interview continued";
}

function interviewOver(detail: unknown): string | undefined {
  const { interview_id, end_reason } = detail as Record<string, string> ?? {};
  return interview_id && end_reason;
}

/** A call as it would be written. */
export function describeCall({ name, ...args }: Call): string {
  const list = Object.entries(args)
    .map(([key, value]) => `${key} ${inWords(value)}`);
  return `${name}(${list.join(", ")})`;
}

/** An answer in a line; times in seconds since the program began. */
export function describeAnswer(answer: Answer, began: number): string {
  if ("refusal" in answer) {
    const { refusal, detail } = answer;
    return detail ? `${refusal} ${inWords(detail, began)}` : refusal;
  }
  return inWords(Object.values(answer)[0], began);
}

/** Any value in a line; times in seconds since `began`, spans in seconds. */
export function inWords(value: unknown, began = 0): string {
  return JSON.stringify(value, (key, v) => {
    if (typeof v === "string" && v.length > 60) {
      return `${v.slice(0, 3)}… (${v.length} characters)`;
    }
    if (key === "user_id") return undefined;
    if (typeof v !== "number" || key === "fence") return v;
    if (key.endsWith("_at")) return (v - began) / 1_000_000;
    return Number.isSafeInteger(v) && Math.abs(v) >= 1_000_000
      ? `${v / 1_000_000} s`
      : v;
  })?.replaceAll('"', "") ?? "nothing";
}
