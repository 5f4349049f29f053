// How long does each operation take, and how many are done in a second, with one
// client, with a few, and with many?
import { type Answer, type Bench, noAnswer, type Question } from "../answer.ts";
import { milliseconds, rounded, withSpread } from "../numbers.ts";
import type { Operation, Party } from "../party.ts";
import { type Durability, redisOperations, startRedis } from "../redis.ts";
import { median, percentile, ratios } from "../statistics.ts";
import { allOperations, parties, takeTurn, timesFor } from "../turns.ts";

/** Somebody who can take a turn: a party in Postgres, or Redis. */
interface Contender {
  name: string;
  can: Operation[];
  turn(
    operation: Operation,
    o: { clients: number; times: number },
  ): Promise<Figures>;
  stop(): Promise<void>;
}

interface Figures {
  perSecond: number;
  p50: number;
  p95: number;
  p99: number;
  cpu?: number;
  times?: number[];
}

interface Cell {
  operation: Operation;
  clients: number;
  byName: Map<string, Figures[]>;
}

/** The question. */
export const latency: Question = {
  name: "latency",
  title: "Latency and throughput of each operation",
  gives: [
    ...["start", "complete", "end"].flatMap((operation) => [
      `${operation}: p50 at 1, ours / floor`,
      `${operation}: throughput at 8, ours / floor`,
    ]),
    "heartbeat: throughput at 8, ours / first plan",
    "heartbeat: throughput at 8, ours / floor, asynchronous",
    "heartbeat: cpu",
  ],
  async answer(bench) {
    const answer = noAnswer();
    const contenders = await everybody(bench, answer);
    try {
      const cells: Cell[] = [];
      for (const clients of bench.effort.clients) {
        for (const operation of allOperations) {
          bench.say(`${operation}, clients: ${clients}`);
          cells.push(await measure(bench, contenders, operation, clients));
        }
      }
      report(bench, answer, cells);
      return answer;
    } finally {
      for (const contender of contenders) await contender.stop();
    }
  },
};

async function everybody(bench: Bench, answer: Answer): Promise<Contender[]> {
  const postgres = parties();
  answer.skipped.push(...postgres.skipped);
  return [
    ...postgres.parties.map((party) => inPostgres(bench, party)),
    ...await inRedis(bench, answer),
  ];
}

function inPostgres(bench: Bench, party: Party): Contender {
  return {
    name: party.name,
    can: allOperations.filter((operation) => party.scripts[operation]),
    turn: async (operation, o) => {
      const { samples, ...figures } = await takeTurn(
        bench,
        party,
        operation,
        o,
      );
      return { ...figures, times: samples.map(({ ms }) => ms) };
    },
    stop: () => Promise.resolve(),
  };
}

async function inRedis(bench: Bench, answer: Answer): Promise<Contender[]> {
  const { redis } = bench;
  if ("reason" in redis) {
    answer.skipped.push(`Redis: ${redis.reason}`);
    return [];
  }
  // what must be durable, and what need not be
  const kinds: [Durability, Operation[]][] = [
    ["always", redisOperations.filter((name) => name !== "heartbeat")],
    ["everysec", ["heartbeat"]],
  ];
  return await Promise.all(kinds.map(async ([durability, can]) => {
    const folder = `${bench.folder}/redis-${durability}`;
    const server = await startRedis(redis, durability, folder);
    return {
      name: `Redis, AOF ${durability}`,
      can,
      turn: (operation, o) => server.turn({ operation, ...o }),
      stop: () => server.stop(),
    };
  }));
}

/** The first turn only finds out how long a turn is to be, and warms up. */
async function measure(
  bench: Bench,
  contenders: Contender[],
  operation: Operation,
  clients: number,
): Promise<Cell> {
  const able = contenders.filter(({ can }) => can.includes(operation));
  const byName = new Map<string, Figures[]>();
  const times = new Map<string, number>();
  for (const contender of able) {
    const few = Math.max(2, Math.ceil(100 / clients));
    const { perSecond } = await contender.turn(operation, {
      clients,
      times: few,
    });
    times.set(contender.name, timesFor(bench, perSecond, clients));
    byName.set(contender.name, []);
  }
  for (let round = 0; round < bench.effort.rounds; round++) {
    for (const { name, turn } of able) {
      bench.signal.throwIfAborted();
      byName.get(name)?.push(
        await turn(operation, { clients, times: times.get(name) ?? 1 }),
      );
    }
  }
  return { operation, clients, byName };
}

function report(bench: Bench, answer: Answer, cells: Cell[]) {
  const knowsCpu = bench.server.knowsCpu;
  for (const { operation, clients, byName } of cells) {
    const ours = byName.get("ours") ?? [];
    answer.tables.push({
      title: `${operation}, clients: ${clients}`,
      columns: [
        ...["", "p50 ms", "p95 ms", "p99 ms", "a second"],
        ...(knowsCpu ? ["server CPU ms"] : []),
        ...["p50, ours / this", "a second, ours / this"],
      ],
      rows: [...byName].map(([name, rounds]) => [
        name,
        ...[0.5, 0.95, 0.99].map((share) => milliseconds(over(rounds, share))),
        rounded(median(rounds.map(({ perSecond }) => perSecond))),
        ...(knowsCpu ? [milliseconds(meanCpu(rounds))] : []),
        ...(name === "ours" ? ["", ""] : [
          withSpread(ratios(ours.map(p50), rounds.map(p50))),
          withSpread(ratios(ours.map(perSecond), rounds.map(perSecond))),
        ]),
      ]),
    });
    for (const [name, rounds] of byName) {
      answer.facts[`${operation}: p50 at ${clients}, ours / ${name}`] = ratios(
        ours.map(p50),
        rounds.map(p50),
      );
      answer.facts[`${operation}: throughput at ${clients}, ours / ${name}`] =
        ratios(ours.map(perSecond), rounds.map(perSecond));
    }
    if (clients !== 1) continue;
    const cpu = meanCpu(ours);
    answer.facts[`${operation}: cpu`] = { median: cpu, low: cpu, high: cpu };
  }
  answer.plots.push(...bench.effort.clients.map((clients) => ({
    name: `latency-${clients}`,
    title: `Median latency, clients: ${clients}`,
    kind: "bars" as const,
    x: "",
    y: "ms",
    labels: allOperations,
    series: seriesOf(cells.filter((cell) => cell.clients === clients)),
  })));
}

function seriesOf(cells: Cell[]) {
  const names = [...new Set(cells.flatMap(({ byName }) => [...byName.keys()]))];
  return names.map((name) => ({
    name,
    points: cells.flatMap(({ operation, byName }): [number, number][] => {
      const rounds = byName.get(name);
      if (!rounds) return [];
      return [[allOperations.indexOf(operation), median(rounds.map(p50))]];
    }),
  }));
}

const p50 = (figures: Figures) => figures.p50;
const perSecond = (figures: Figures) => figures.perSecond;

/** Over all rounds together, where every single time is known. */
function over(rounds: Figures[], share: number): number {
  const all = rounds.flatMap(({ times }) => times ?? []);
  if (all.length > 0) return percentile(all, share);
  const name = share === 0.5 ? "p50" : share === 0.95 ? "p95" : "p99";
  return median(rounds.map((figures) => figures[name]));
}

/** The clock of processor time is coarse: one reading over all rounds. */
function meanCpu(rounds: Figures[]): number {
  const known = rounds.filter(({ cpu }) => cpu !== undefined);
  const count = known.reduce((n, { times }) => n + (times?.length ?? 0), 0);
  const total = known.reduce(
    (n, { cpu, times }) => n + (cpu ?? 0) * (times?.length ?? 0),
    0,
  );
  return total / count;
}
