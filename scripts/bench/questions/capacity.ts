// How many live interviews does one such machine carry? Whole interviews without
// a pause, by many clients: as many as are done in a second, times the seconds
// that an interview lasts, are alive at once.
import { noAnswer, type Question } from "../answer.ts";
import { rounded, withSpread } from "../numbers.ts";
import { ours } from "../parties/ours.ts";
import { spread } from "../statistics.ts";
import { takeTurn } from "../turns.ts";
import { heartbeats, interviewScript } from "./interview.ts";

const lastsSeconds = 600;

/** The question. */
export const capacity: Question = {
  name: "capacity",
  title: "How many live interviews",
  gives: ["live interviews"],
  async answer(bench) {
    const answer = noAnswer();
    const { effort } = bench;
    const rows: string[][] = [];
    const best: number[] = [];
    for (const clients of effort.clients) {
      const perSecond: number[] = [];
      for (let round = 0; round <= effort.rounds; round++) {
        bench.say(`clients: ${clients}, round ${round}`);
        const measured = await takeTurn(bench, ours, "start", {
          clients,
          times: Math.max(2, Math.ceil(effort.interviews / clients)),
          script: interviewScript(ours),
        });
        if (round > 0) perSecond.push(measured.perSecond);
      }
      const carried = perSecond.map((rate) => rate * lastsSeconds);
      if (spread(carried).median > (spread(best).median || 0)) {
        best.splice(0, best.length, ...carried);
      }
      rows.push([
        String(clients),
        withSpread(spread(perSecond)),
        rounded(spread(perSecond).median * (heartbeats + 3)),
        withSpread(spread(carried)),
      ]);
    }
    answer.tables.push({
      title: "Interviews of ten minutes, and how many live at once",
      note: `A start, ${heartbeats} heartbeats, complete and end, by clients ` +
        "that never pause: the machine is busy with nothing else, the load " +
        "generator included.",
      columns: ["clients", "interviews a second", "calls a second", "live"],
      rows,
    });
    answer.facts["live interviews"] = spread(best);
    return answer;
  },
};
