// All questions, in the order in which they are asked.
import type { Question } from "./answer.ts";
import { capacity } from "./questions/capacity.ts";
import { growth } from "./questions/growth.ts";
import { heartbeats } from "./questions/heartbeats.ts";
import { interview } from "./questions/interview.ts";
import { latency } from "./questions/latency.ts";
import { reaper } from "./questions/reaper.ts";
import { size } from "./questions/size.ts";
import { stack } from "./questions/stack.ts";

/** The list. */
export const questions: Question[] = [
  latency,
  interview,
  growth,
  heartbeats,
  reaper,
  size,
  capacity,
  stack,
];
