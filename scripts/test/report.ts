// Prints the results: a line for each part, details of failures, the slowest
// parts at the end, and the totals in the last line.
import type { Outcome, Part } from "./part.ts";

/** Counts of tests. */
export type Totals = Pick<Outcome, "passed" | "failed" | "skipped">;

/** Prints outcomes in the order of the parts, whatever order they arrive in. */
export interface Report {
  add(part: Part, outcome: Outcome, seconds: number): void;
  /** The last lines. */
  finish(seconds: number): Totals;
}

/** How many of the slowest parts are listed, if there are more than that. */
const slowest = 10;

interface Ended {
  outcome: Outcome;
  seconds: number;
}

/** A report on these parts. */
export function reportOn(parts: Part[]): Report {
  const ended = new Map<Part, Ended>();
  const width = Math.max(0, ...parts.map(({ suite }) => suite.length));
  const nameWidth = Math.max(
    0,
    ...parts.map(({ name }) => name.length).filter((length) => length <= 70),
  );
  const told = new Set<string>();
  let next = 0;

  const print = (part: Part, { outcome, seconds }: Ended) => {
    const word = outcome.failed > 0
      ? "FAILED "
      : outcome.passed > 0
      ? "ok     "
      : "skipped";
    console.log(
      `${word}  ${part.suite.padEnd(width)}  ${part.name.padEnd(nameWidth)}  ` +
        `${counts(outcome)}  ${seconds.toFixed(1)} s`,
    );
    for (const line of outcome.reason?.split("\n") ?? []) {
      console.log(`         skipped: ${line}`);
    }
    if (outcome.failed === 0) return;
    const details = outcome.details.map((line) => `         ${line}`.trimEnd())
      .join("\n");
    // the same cause may break every part
    console.log(told.has(details) ? "         (the same as before)" : details);
    told.add(details);
  };

  return {
    add(part, outcome, seconds) {
      ended.set(part, { outcome, seconds });
      while (next < parts.length) {
        const one = ended.get(parts[next]);
        if (!one) return;
        print(parts[next++], one);
      }
    },
    finish(seconds) {
      for (const part of parts.slice(next)) {
        const one = ended.get(part);
        if (one) print(part, one);
      }
      const all = [...ended.values()].map(({ outcome }) => outcome);
      const sum = (what: keyof Totals) =>
        all.reduce((total, outcome) => total + outcome[what], 0);
      const totals = {
        passed: sum("passed"),
        failed: sum("failed"),
        skipped: sum("skipped"),
      };
      if (ended.size > slowest) printSlowest(ended);
      const failed = parts.filter((part) =>
        (ended.get(part)?.outcome.failed ?? 0) > 0
      );
      console.log(
        `\n${ended.size} of ${parts.length} parts in ${seconds.toFixed(1)} s`,
      );
      if (failed.length > 0) console.log("Failed:");
      for (const { suite, name } of failed) console.log(`  ${suite}  ${name}`);
      const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : "";
      console.log(
        `${totals.passed} passed, ${totals.failed} failed${skipped}`,
      );
      return totals;
    },
  };
}

function printSlowest(ended: Map<Part, Ended>) {
  console.log("\nThe slowest parts:");
  const sorted = [...ended].sort(([, a], [, b]) => b.seconds - a.seconds);
  for (const [{ suite, name }, { seconds }] of sorted.slice(0, slowest)) {
    console.log(`  ${seconds.toFixed(1).padStart(5)} s  ${suite}  ${name}`);
  }
}

function counts({ passed, failed, skipped }: Outcome): string {
  return [
    ...(passed > 0 ? [`${passed} passed`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ].join(", ").padStart(10);
}
