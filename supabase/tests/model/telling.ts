// Calls and answers in a line each, and how often there was which.
import type { Answer, Call } from "./model.ts";

/** How often which call was answered how. */
export interface Count {
  add(call: Call, answer: Answer): void;
  pruned(rows: number): void;
  /** By call, by refusal, and by how sessions ended. */
  totals(): Record<string, number>;
  /** Of all calls. */
  calls(): number;
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
      if ("refusal" in answer) add(answer.refusal);
      if ("ended" in answer) {
        for (const row of answer.ended) add(row.end_reason);
      }
      if ("active" in answer && answer.active) {
        const { active } = answer;
        if (call.name === "start_session") {
          add(
            active.updated_at > active.created_at
              ? "renewed by start"
              : active.previous_session_id === null
              ? "granted"
              : "granted by takeover",
          );
        }
      }
      if ("holds" in answer) add(answer.holds ? "holds" : "does not hold");
    },
    pruned: (rows) => add("pruned", rows),
    totals: () => totals,
    calls: () => calls,
  };
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
