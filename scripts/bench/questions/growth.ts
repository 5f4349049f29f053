// Does it grow slower when more sessions live?
import { noAnswer, type Question } from "../answer.ts";
import { milliseconds, rounded, withSpread } from "../numbers.ts";
import { ours } from "../parties/ours.ts";
import type { Operation } from "../party.ts";
import { median, ratios } from "../statistics.ts";
import { databaseOf, makeLive, takeTurn, timesFor } from "../turns.ts";

const asked: Operation[] = ["start", "heartbeat", "complete", "end"];

/** Room for the users of all turns, who start where those live end. */
const suffixOf = (live: number) => `_${live}`;

/** The question. */
export const growth: Question = {
  name: "growth",
  title: "Growth: the same with more live sessions",
  gives: ["start: most / fewest"],
  async answer(bench) {
    const { effort } = bench;
    const answer = noAnswer();
    const medians = new Map<string, number[]>();
    const key = (operation: Operation, live: number) => `${operation} ${live}`;
    // so few that no turn takes all of the live ones
    const most = Math.min(effort.users, effort.live[0]);
    for (const live of effort.live) {
      bench.say(`${rounded(live)} live sessions are made`);
      const suffix = suffixOf(live);
      const database = await databaseOf(bench, ours, live + most, suffix);
      await makeLive(database, ours, { from: 1, count: live, epoch: 1 });
    }
    for (const operation of asked) {
      let times = 0;
      for (let round = 0; round <= effort.rounds; round++) {
        bench.say(`${operation}, round ${round}`);
        for (const live of effort.live) {
          const suffix = suffixOf(live);
          const clients = 1;
          if (times === 0) {
            const turn = { clients, times: 50, others: live, suffix };
            const { perSecond } = await takeTurn(bench, ours, operation, turn);
            times = Math.min(most, timesFor(bench, perSecond, clients));
          }
          const { p50 } = await takeTurn(bench, ours, operation, {
            clients,
            times,
            others: live,
            suffix,
          });
          if (round === 0) continue;
          const cell = key(operation, live);
          medians.set(cell, [...medians.get(cell) ?? [], p50]);
        }
      }
    }
    const of = (operation: Operation, live: number) =>
      medians.get(key(operation, live)) ?? [];
    const [fewest, largest] = [effort.live[0], effort.live.at(-1) ?? 0];
    answer.tables.push({
      title: "Median latency in ms at 1 client, by live sessions",
      columns: ["", ...effort.live.map(rounded), "most / fewest"],
      rows: asked.map((operation) => [
        operation,
        ...effort.live.map((live) => milliseconds(median(of(operation, live)))),
        withSpread(ratios(of(operation, largest), of(operation, fewest))),
      ]),
    });
    answer.plots.push({
      name: "growth",
      title: "Median latency by live sessions, 1 client",
      kind: "lines",
      x: "live sessions",
      y: "ms",
      series: asked.map((operation) => ({
        name: operation,
        points: effort.live.map((
          live,
        ): [number, number] => [live, median(of(operation, live))]),
      })),
    });
    for (const operation of asked) {
      answer.facts[`${operation}: most / fewest`] = ratios(
        of(operation, largest),
        of(operation, fewest),
      );
    }
    return answer;
  },
};
