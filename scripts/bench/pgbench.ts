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
  /** How often the script ran in all. */
  count: number;
  /** This and the next three: once all connections were warm. */
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p95: number;
  p99: number;
  /** Milliseconds of the server's processors for each run of the script. */
  cpu: number;
  /** When each of the warm ones ended, and how long it took. */
  samples: Sample[];
}

/**
 * A connection's first runs fill its caches, and Postgres makes five plans of a
 * statement before it keeps one. Those of the API's pool have that behind them.
 */
export const warmUp = 10;

/** One run of a script. */
export interface Sample {
  client: number;
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
  const all = samplesIn(own);
  if (code !== 0 || all.length === 0) {
    throw new StackProblem(
      `pgbench failed with\n${turn.script}\nand said\n${said}`,
    );
  }
  fs.rmSync(own, { recursive: true });
  await server.connectionsHaveEnded(before);
  const cpu = server.cpuSeconds() - cpuBefore;
  const { samples, seconds } = warm(all);
  const took = samples.map(({ ms }) => ms);
  return {
    count: all.length,
    perSecond: samples.length / seconds,
    p50: percentile(took, 0.5),
    p95: percentile(took, 0.95),
    p99: percentile(took, 0.99),
    cpu: 1000 * cpu / all.length,
    samples,
  };
}

/** What ran once every connection was warm, and for how long. */
function warm(all: Sample[]): { samples: Sample[]; seconds: number } {
  const ends = [...Map.groupBy(all, ({ client }) => client).values()]
    .map((own) => own.map(({ at }) => at).sort((a, b) => a - b));
  const fewest = Math.min(...ends.map(({ length }) => length));
  const cold = Math.min(warmUp, Math.floor(fewest / 2));
  const from = cold === 0
    ? Math.min(...all.map(({ at, ms }) => at - ms))
    : Math.max(...ends.map((own) => own[cold - 1]));
  const to = Math.max(...ends.map((own) => own[own.length - 1]));
  return {
    samples: all.filter(({ at }) => at > from),
    seconds: (to - from) / 1000,
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
    .map(([client, , us, , second, fraction]) => ({
      client,
      at: 1000 * second + fraction / 1000,
      ms: us / 1000,
    }));
}
