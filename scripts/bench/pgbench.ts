// Lets pgbench do the work: one script, so many times, by so many clients.
import * as fs from "node:fs";
import { join } from "node:path";
import { StackProblem } from "../stack/problem.ts";
import type { BenchDatabase, BenchServer } from "./server.ts";
import { percentile } from "./statistics.ts";
import type { Tool } from "./tools.ts";

/** One turn of one party. */
export interface Turn {
  script: string;
  clients: number;
  /** How often each client runs it; or for how many whole seconds. */
  times: number | { seconds: number };
  /** Values of its variables. */
  variables: Record<string, number>;
  /** As whom it connects; the API connects as authenticator. */
  role?: string;
}

/** What a turn came to. */
export interface Measured {
  /** How often the script ran. */
  count: number;
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p95: number;
  p99: number;
  /** Milliseconds of the server's processors for each run of the script. */
  cpu: number;
  /** When each ended, and how long it took. */
  samples: Sample[];
}

/** One run of a script. */
export interface Sample {
  /** Milliseconds since 1970. */
  at: number;
  ms: number;
}

/** What turns are taken with. */
export interface Load {
  pgbench: Tool;
  server: BenchServer;
  /** For scripts and logs. */
  folder: string;
  signal: AbortSignal;
}

/** Takes one turn. */
export async function pgbench(
  { pgbench, server, folder, signal }: Load,
  database: BenchDatabase,
  turn: Turn,
): Promise<Measured> {
  const own = fs.mkdtempSync(join(folder, "turn-"));
  const script = join(own, "script.sql");
  fs.writeFileSync(script, turn.script);
  const { times } = turn;
  const before = server.processes();
  const cpuBefore = server.cpuSeconds();
  const { code, stdout, stderr } = await new Deno.Command(pgbench.command, {
    args: [
      ...["--no-vacuum", "--protocol", "prepared", "--file", script],
      ...["--client", String(turn.clients)],
      ...["--jobs", String(Math.min(2, turn.clients))],
      ...typeof times === "number"
        ? ["--transactions", String(times)]
        : ["--time", String(times.seconds)],
      ...["--log", "--log-prefix", join(own, "log")],
      ...Object.entries(turn.variables).flatMap(([name, value]) => [
        "--define",
        `${name}=${value}`,
      ]),
      ...["--host", "127.0.0.1", "--port", String(server.port)],
      ...["--username", turn.role ?? "authenticator", database.name],
    ],
    env: { ...pgbench.env, PGAPPNAME: "bench" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).output();
  signal.throwIfAborted();
  const said = new TextDecoder().decode(stdout) +
    new TextDecoder().decode(stderr);
  const samples = samplesIn(own);
  const perSecond = Number(/^tps = ([\d.]+)/m.exec(said)?.[1]);
  if (code !== 0 || samples.length === 0 || !perSecond) {
    throw new StackProblem(
      `pgbench failed with\n${turn.script}\nand said\n${said}`,
    );
  }
  fs.rmSync(own, { recursive: true });
  await server.connectionsHaveEnded(before);
  const cpu = server.cpuSeconds() - cpuBefore;
  return summary(samples, perSecond, 1000 * cpu / samples.length);
}

/** The few numbers that a turn is told by. */
export function summary(
  samples: Sample[],
  perSecond: number,
  cpu: number,
): Measured {
  const times = samples.map(({ ms }) => ms);
  return {
    count: samples.length,
    perSecond,
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    p99: percentile(times, 0.99),
    cpu,
    samples,
  };
}

/** Each thread writes a log: client, number, µs, script, s, µs. */
function samplesIn(folder: string): Sample[] {
  return fs.readdirSync(folder).filter((name) => name.startsWith("log"))
    .flatMap((name) =>
      fs.readFileSync(join(folder, name), "utf8").trim().split("\n")
    )
    .filter((line) => line !== "")
    .map((line) => line.split(" ").map(Number))
    .map(([, , us, , second, fraction]) => ({
      at: 1000 * second + fraction / 1000,
      ms: us / 1000,
    }));
}
