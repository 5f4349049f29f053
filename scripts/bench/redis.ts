// Redis, given the same task: SET NX PX starts, a script compares and extends,
// another compares and deletes. Its own redis-benchmark makes the load.
import { join } from "node:path";
import { freePort } from "../stack/ports.ts";
import { StackProblem } from "../stack/problem.ts";
import { followParent } from "../stack/unprivileged.ts";
import type { Operation } from "./party.ts";
import type { Redis } from "./tools.ts";

/** How much may be lost in a crash: nothing, or a second. */
export type Durability = "always" | "everysec";

/** A server of Redis. */
export interface RedisServer {
  durability: Durability;
  /** Takes one turn. */
  turn(
    o: { operation: Operation; clients: number; times: number },
  ): Promise<RedisMeasured>;
  /** Bytes that each of so many live sessions takes. */
  bytesPerSession(count: number): Promise<number>;
  stop(): Promise<void>;
}

/** What a turn came to, in milliseconds. */
export interface RedisMeasured {
  perSecond: number;
  p50: number;
  p95: number;
  p99: number;
}

const lease = "300000";
// redis-benchmark makes every number by itself, so an id cannot depend on its
// user's
const session = "5e551000-0000-4000-8000-100000000000";
const key = "session:__rand_int__";

const scripts = {
  extend:
    `return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('pexpire', KEYS[1], ARGV[2]) or 0`,
  delete:
    `return redis.call('get', KEYS[1]) == ARGV[1] and redis.call('del', KEYS[1]) or 0`,
  seed:
    `for n = 0, ARGV[1] - 1 do redis.call('set', string.format('session:%012d', n), ARGV[2], 'px', ARGV[3]) end`,
};

/** What is asked of it; the rest it has no answer for. */
export const redisOperations: Operation[] = [
  "start",
  "heartbeat",
  "end",
  "refusal",
  "takeover",
];

/** Starts one in this folder. */
export async function startRedis(
  redis: Redis,
  durability: Durability,
  folder: string,
): Promise<RedisServer> {
  const port = freePort();
  await Deno.mkdir(folder, { recursive: true });
  const launch = followParent(redis.server.command, [
    ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder],
    ...["--appendonly", "yes", "--appendfsync", durability, "--save", ""],
    ...["--logfile", join(folder, "redis.log")],
  ]);
  const child = new Deno.Command(launch.command, {
    args: launch.args,
    env: redis.server.env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const bench = async (args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await new Deno.Command(
      redis.benchmark.command,
      {
        args: ["-h", "127.0.0.1", "-p", String(port), ...args],
        env: redis.benchmark.env,
        stdout: "piped",
        stderr: "piped",
      },
    ).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    if (code === 0) return text(stdout);
    throw new StackProblem(`redis-benchmark failed: ${text(stderr)}`);
  };
  const ask = (command: string[]) => command1(port, command);
  await untilItAnswers(() => ask(["PING"]));

  const seed = (count: number) =>
    ask(["EVAL", scripts.seed, "0", String(count), session, lease]);
  const load = async (script: string) =>
    (await ask(["SCRIPT", "LOAD", script]))
      .split("\r\n")[1];
  const extend = await load(scripts.extend);
  const remove = await load(scripts.delete);

  return {
    durability,
    async turn({ operation, clients, times }) {
      // with so many keys hardly any is hit twice
      const keys = Math.min(20 * times * clients, 200_000);
      await ask(["FLUSHALL"]);
      if (operation !== "start") await seed(keys);
      const commands: Partial<Record<Operation, string[]>> = {
        start: ["SET", key, session, "NX", "PX", lease],
        heartbeat: ["EVALSHA", extend, "1", key, session, lease],
        end: ["EVALSHA", remove, "1", key, session],
        refusal: ["SET", key, session, "NX", "PX", lease],
        takeover: ["SET", key, session, "PX", lease],
      };
      const printed = await bench([
        ...["-n", String(times * clients), "-c", String(clients)],
        ...["-r", String(keys), "--csv"],
        ...commands[operation] ?? [],
      ]);
      const line = printed.trim().split("\n").at(-1) ?? "";
      const [perSecond, , , p50, p95, p99] = [...line.matchAll(/"([\d.]+)"/g)]
        .map(([, value]) => Number(value)).slice(-7);
      return { perSecond, p50, p95, p99 };
    },
    async bytesPerSession(count) {
      await ask(["FLUSHALL"]);
      const used = async () =>
        Number(/used_memory:(\d+)/.exec(await ask(["INFO", "memory"]))?.[1]);
      const before = await used();
      await seed(count);
      return (await used() - before) / count;
    },
    async stop() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

/** One command over a connection of its own, and its answer as it came. */
async function command1(port: number, words: string[]): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const encoder = new TextEncoder();
  const message = `*${words.length}\r\n` +
    words.map((w) => `$${encoder.encode(w).length}\r\n${w}\r\n`).join("");
  await connection.write(encoder.encode(message));
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65536);
  let answer = "";
  while (!isWhole(answer)) {
    const read = await connection.read(buffer);
    if (read === null) break;
    answer += decoder.decode(buffer.subarray(0, read), { stream: true });
  }
  if (answer.startsWith("-")) throw new StackProblem(`Redis says ${answer}`);
  return answer;
}

function isWhole(answer: string): boolean {
  const length = /^\$(-?\d+)\r\n/.exec(answer);
  if (!length) return answer.endsWith("\r\n");
  return Number(length[1]) < 0 ||
    answer.length >= length[0].length + Number(length[1]) + 2;
}

async function untilItAnswers(ask: () => Promise<unknown>) {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
