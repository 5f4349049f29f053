// A run of the bench: a server, the questions one after the other, and what they
// were answered with.
import * as fs from "node:fs";
import { join } from "node:path";
import { StackProblem } from "../stack/problem.ts";
import type { Answer, Bench, Question } from "./answer.ts";
import type { Effort } from "./effort.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { connect, settings, startBenchServer } from "./server.ts";
import { findPgbench, findRedis } from "./tools.ts";

/** What a run came to, as it is written to a file. */
export interface Results {
  ranAt: string;
  tookSeconds: number;
  effort: Effort;
  machine: Machine;
  /** The programs and their versions. */
  versions: Record<string, string>;
  settings: Record<string, string>;
  /** By the name of the question. */
  answers: Record<string, Answer>;
}

/** Answers the questions, in their order. */
export async function runBench(o: {
  questions: Question[];
  effort: Effort;
  folder: string;
  signal: AbortSignal;
  say(line: string): void;
}): Promise<Results> {
  const began = performance.now();
  const ranAt = new Date().toISOString();
  const pgbench = findPgbench();
  if ("reason" in pgbench) {
    throw new StackProblem(
      `There is nothing to be measured without pgbench: ${pgbench.reason}.`,
    );
  }
  const redis = findRedis();
  if ("reason" in redis) o.say(`Redis is skipped: ${redis.reason}`);
  const machine = describeMachine(o.folder);
  const server = await startBenchServer(o.folder);
  try {
    const turns = join(o.folder, "turns");
    fs.mkdirSync(turns);
    let epoch = 1000;
    const answers: Record<string, Answer> = {};
    for (const question of o.questions) {
      const bench: Bench = {
        pgbench,
        redis,
        server,
        effort: o.effort,
        folder: turns,
        signal: o.signal,
        say: (line) => o.say(`${question.name}: ${line}`),
        nextEpoch: () => ++epoch,
      };
      await checkpoint(server.superuserUrl);
      answers[question.name] = await question.answer(bench);
    }
    return {
      ranAt,
      tookSeconds: (performance.now() - began) / 1000,
      effort: o.effort,
      machine,
      versions: {
        postgres: server.version,
        pgbench: pgbench.version,
        redis: "reason" in redis
          ? redis.reason
          : redis.server.version.split(" ").slice(0, 3).join(" "),
      },
      settings,
      answers,
    };
  } finally {
    await server.stop();
  }
}

async function checkpoint(url: string) {
  const sql = connect(url);
  await sql`checkpoint`;
  await sql.end();
}
