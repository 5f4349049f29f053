// What does a whole interview cost: a start, a heartbeat every 30 s for ten
// minutes, complete, end? The time in the database, summed, without the pauses.
import { noAnswer, type Question } from "../answer.ts";
import { milliseconds, withSpread } from "../numbers.ts";
import { floor } from "../parties/floor.ts";
import { firstPlan } from "../parties/first_plan.ts";
import { ours, withInterview } from "../parties/ours.ts";
import type { Party } from "../party.ts";
import { percentile, ratios, spread } from "../statistics.ts";
import { takeTurn } from "../turns.ts";

/** Ten minutes of one every 30 s. */
export const heartbeats = 20;

/** All that the database is asked in an interview. */
export function interviewScript({ scripts }: Party): string {
  return [
    scripts.start,
    ...Array.from({ length: heartbeats }, () => scripts.heartbeat),
    scripts.complete,
    scripts.end,
  ].join("\n");
}

const interviewed: Party = {
  ...withInterview,
  scripts: { ...ours.scripts, ...withInterview.scripts },
};

/** The question. */
export const interview: Question = {
  name: "interview",
  title: "The whole interview",
  gives: ["ours: p50", "ours: p99"],
  async answer(bench) {
    const answer = noAnswer();
    const parties = [ours, interviewed, firstPlan, floor];
    const rounds = new Map<string, number[][]>(
      parties.map(({ name }) => [name, []]),
    );
    for (let round = 0; round <= bench.effort.rounds; round++) {
      bench.say(`round ${round}`);
      for (const party of parties) {
        const { samples } = await takeTurn(bench, party, "start", {
          clients: 1,
          times: bench.effort.interviews,
          script: interviewScript(party),
        });
        // the first warms up
        if (round === 0) continue;
        rounds.get(party.name)?.push(samples.map(({ ms }) => ms));
      }
    }
    const of = (name: string, share: number) =>
      (rounds.get(name) ?? []).map((times) => percentile(times, share));
    answer.tables.push({
      title: `A start, ${heartbeats} heartbeats, complete, end; 1 client`,
      note: "M11 allows 50 ms. The first plan and the floor send the same " +
        "heartbeats, which both commit synchronously.",
      columns: ["", "p50 ms", "p99 ms", "p50, ours / this"],
      rows: parties.map(({ name }) => {
        const all = (rounds.get(name) ?? []).flat();
        return [
          name,
          milliseconds(percentile(all, 0.5)),
          milliseconds(percentile(all, 0.99)),
          name === "ours"
            ? ""
            : withSpread(ratios(of("ours", 0.5), of(name, 0.5))),
        ];
      }),
    });
    const all = (rounds.get("ours") ?? []).flat();
    answer.facts["ours: p50"] = {
      ...spread(of("ours", 0.5)),
      median: percentile(all, 0.5),
    };
    answer.facts["ours: p99"] = {
      ...spread(of("ours", 0.99)),
      median: percentile(all, 0.99),
    };
    return answer;
  },
};
