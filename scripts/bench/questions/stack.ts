// The same through the whole local API stack, for the record: here the client is
// JavaScript, and the REST server is not PostgREST. And how soon the stack is up.
import { randomUUID } from "node:crypto";
import { createClient } from "@supabase/supabase-js";
import { startApi } from "../../stack/api.ts";
import { localJwtSecret, localKeys } from "../../stack/keys.ts";
import { type Answer, type Bench, noAnswer, type Question } from "../answer.ts";
import { timeNpmStart } from "../npm_start.ts";
import { milliseconds, rounded } from "../numbers.ts";
import { ours } from "../parties/ours.ts";
import { percentile, spread } from "../statistics.ts";
import { databaseOf } from "../turns.ts";

/** The question. */
export const stack: Question = {
  name: "stack",
  title: "Through the whole API stack",
  gives: ["start: p50", "second start: seconds"],
  async answer(bench) {
    const answer = noAnswer();
    await calls(bench, answer);
    await starts(bench, answer);
    return answer;
  },
};

/** The calls of some interviews, one after the other. */
async function calls(bench: Bench, answer: Answer) {
  const database = await databaseOf(bench, ours, 0, "_stack");
  const api = await startApi({
    databaseUrl: (role) => database.url(role),
    port: 0,
    keys: localKeys,
    jwtSecret: localJwtSecret,
    functions: () => Promise.resolve(new Response(null, { status: 404 })),
  });
  try {
    const client = createClient(api.url, localKeys.publishable, {
      auth: { persistSession: false, autoRefreshToken: false },
    });
    const { error } = await client.auth.signUp({
      email: `${randomUUID()}@example.com`,
      password: "correct horse battery staple",
    });
    if (error) throw error;
    const times = new Map<string, number[]>();
    const call = async (name: string, session_id: string) => {
      const began = performance.now();
      const { error } = await client.rpc(name, { session_id });
      if (error) throw new Error(`${name}: ${error.message}`);
      times.set(name, [
        ...times.get(name) ?? [],
        performance.now() - began,
      ]);
    };
    for (let i = 0; i < bench.effort.interviews + 5; i++) {
      // The first few warm up.
      if (i === 5) times.clear();
      const id = randomUUID();
      await call("start_session", id);
      await call("heartbeat_session", id);
      await call("complete_session", id);
      await call("end_session", id);
    }
    answer.tables.push({
      title: "supabase-js, the local REST server, Postgres; 1 client",
      columns: ["", "p50 ms", "p95 ms", "p99 ms"],
      rows: [...times].map(([name, all]) => [
        name,
        ...[0.5, 0.95, 0.99].map((share) =>
          milliseconds(percentile(all, share))
        ),
      ]),
    });
    const starts = times.get("start_session") ?? [];
    answer.facts["start: p50"] = {
      ...spread(starts),
      median: percentile(starts, 0.5),
    };
  } finally {
    await api.stop();
  }
}

/** `npm start`, with everything installed and the app built. */
async function starts(bench: Bench, answer: Answer) {
  const first: number[] = [];
  const second: number[] = [];
  for (let round = 0; round < Math.min(3, bench.effort.rounds); round++) {
    bench.say(`npm start, round ${round + 1}`);
    const seconds = await timeNpmStart(bench.folder, bench.signal);
    first.push(seconds.first);
    second.push(seconds.second);
  }
  answer.tables.push({
    title: "npm start",
    columns: ["", "seconds until it is up"],
    rows: [
      ["in a new folder", rounded(spread(first).median)],
      ["again", rounded(spread(second).median)],
    ],
  });
  answer.facts["second start: seconds"] = spread(second);
}
