// What the component should reach, and whether it did: judged by the facts of a run.
import { rounded, withSpread } from "./numbers.ts";
import type { Results } from "./run.ts";
import type { Spread } from "./statistics.ts";

/** Something the component should reach. */
export interface Goal {
  what: string;
  question: string;
  fact: string;
  atMost?: number;
  atLeast?: number;
  unit?: string;
}

const durable = ["start", "complete", "end"];

/** All of them. */
export const goals: Goal[] = [
  ...durable.map((operation): Goal => ({
    what: `${operation}: median latency at 1 client, ours / floor`,
    question: "latency",
    fact: `${operation}: p50 at 1, ours / floor`,
    atMost: 1.25,
  })),
  ...durable.map((operation): Goal => ({
    what: `${operation}: throughput at 8 clients, ours / floor`,
    question: "latency",
    fact: `${operation}: throughput at 8, ours / floor`,
    atLeast: 0.7,
  })),
  {
    what: "heartbeat: throughput at 8 clients, ours / asynchronous floor",
    question: "latency",
    fact: "heartbeat: throughput at 8, ours / floor, asynchronous",
    atLeast: 0.7,
  },
  {
    what:
      "heartbeat: throughput at 8 clients, ours / the first plan's update under RLS",
    question: "latency",
    fact: "heartbeat: throughput at 8, ours / first plan",
    atLeast: 1.3,
  },
  {
    what: "M11: a whole interview, summed time in the database, median",
    question: "interview",
    fact: "ours: p50",
    atMost: 10,
    unit: "ms",
  },
  {
    what: "M11: a whole interview, summed time in the database, p99",
    question: "interview",
    fact: "ours: p99",
    atMost: 25,
    unit: "ms",
  },
  {
    what: "share of HOT updates among heartbeats after the first vacuum",
    question: "heartbeats",
    fact: "ours: HOT share",
    atLeast: 0.98,
  },
  {
    what: "latency of start with the most live sessions / with the fewest",
    question: "growth",
    fact: "start: most / fewest",
    atMost: 1.3,
  },
  {
    what:
      "a sweep of the most live sessions that finds nothing / one minute of their heartbeats, CPU time",
    question: "reaper",
    fact: "empty sweep / a minute of heartbeats",
    atMost: 0.01,
  },
  {
    what: "reaper, rows per second",
    question: "reaper",
    fact: "rows per second",
    atLeast: 50_000,
  },
  {
    what: "p99 of starts while stale sessions are reaped / quiet",
    question: "reaper",
    fact: "p99 of starts, reaping / quiet",
    atMost: 1.5,
  },
  {
    what:
      "a reap call of 1 000 among the most sessions that cannot be moved / among none",
    question: "stuck",
    fact: "a batch, among stuck / among none",
    atMost: 3,
  },
  {
    what: "session_health() with the longest history / with the shortest",
    question: "health",
    fact: "most / fewest",
    atMost: 2,
  },
  {
    what: "session_health() with the longest history, median",
    question: "health",
    fact: "most rows: p50",
    atMost: 50,
    unit: "ms",
  },
  {
    what: "npm start, the second time: until it is ready",
    question: "stack",
    fact: "second start: seconds",
    atMost: 5,
    unit: "s",
  },
];

/** Whether a goal is reached. */
export type Standing = "met" | "missed" | "not measured";

/** What was measured for it. */
export function measuredFor(
  { question, fact }: Goal,
  { answers }: Results,
): Spread | undefined {
  const value = answers[question]?.facts[fact];
  // JSON has no NaN: what was not a number comes back as null.
  return value && Number.isFinite(value.median ?? NaN) ? value : undefined;
}

/** The median decides. */
export function standing(goal: Goal, results: Results): Standing {
  const value = measuredFor(goal, results);
  if (!value) return "not measured";
  const isMet = value.median <= (goal.atMost ?? Infinity) &&
    value.median >= (goal.atLeast ?? -Infinity);
  return isMet ? "met" : "missed";
}

/** One row per goal. */
export function goalRows(results: Results): string[][] {
  return goals.map((goal) => {
    const value = measuredFor(goal, results);
    const limit = goal.atMost ?? goal.atLeast ?? NaN;
    const unit = goal.unit ? ` ${goal.unit}` : "";
    return [
      goal.what,
      `${goal.atMost === undefined ? "at least" : "at most"} ` +
      `${rounded(limit)}${unit}`,
      value ? withSpread(value) + unit : "–",
      standing(goal, results),
    ];
  });
}
