// All questions, in their order.
import type { Question } from "./answer.ts";
import { capacity } from "./questions/capacity.ts";
import { deliveries } from "./questions/deliveries.ts";
import { growth } from "./questions/growth.ts";
import { health } from "./questions/health.ts";
import { heartbeats } from "./questions/heartbeats.ts";
import { interview } from "./questions/interview.ts";
import { latency } from "./questions/latency.ts";
import { reaper } from "./questions/reaper.ts";
import { size } from "./questions/size.ts";
import { stack } from "./questions/stack.ts";
import { stuck } from "./questions/stuck.ts";

/** The list. */
export const questions: Question[] = [
  latency,
  interview,
  growth,
  heartbeats,
  reaper,
  stuck,
  health,
  deliveries,
  size,
  capacity,
  stack,
];
