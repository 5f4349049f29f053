// Runs parts, a few at a time, on databases made for this run alone.
import { availableParallelism } from "node:os";
import pLimit from "p-limit";
import { type Databases, databasesIn } from "./databases.ts";
import { broken, type Outcome, type Part, type Run } from "./part.ts";
import type { Report } from "./report.ts";
import { makeRunFolder } from "./run_folder.ts";

/**
 * Suites that mostly wait: for a page, for a process to start or end, for a
 * lease to run out. They run beside the others, the longest first, so that the
 * others use the processor meanwhile.
 */
const waitingSuites = ["browser", "stack", "faults", "edge"];

/** How many of them run at once. */
const waitingAtOnce = 3;

/** How many of the others run at once: even they wait now and then. */
const busyAtOnce = Math.min(availableParallelism() + 1, 6);

/** Runs all parts and reports them; ends early when `signal` aborts. */
export async function runParts(
  parts: Part[],
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const folder = await makeRunFolder();
  const databases = databasesIn(folder.path);
  const endings: (() => Promise<void>)[] = [];
  const run: Run = {
    folder: folder.path,
    signal,
    withDatabase: (template, work) => databases.withCopy(template, work),
    adminUrl: (major) => databases.adminUrl(major),
    atEnd: (work) => endings.push(work),
  };
  const preparing = prepare(parts, databases);
  try {
    const runPart = async (part: Part) => {
      const problem = part.needs.length > 0 ? await preparing : undefined;
      if (signal.aborted) return;
      const began = performance.now();
      const outcome = problem ? broken(problem) : await outcomeOf(part, run);
      // an interruption breaks parts that would not have failed
      if (signal.aborted) return;
      report.add(part, outcome, (performance.now() - began) / 1000);
    };
    const waiting = pLimit(waitingAtOnce);
    const busy = pLimit(busyAtOnce);
    const isWaiting = ({ suite }: Part) => waitingSuites.includes(suite);
    await Promise.all([
      waiting.map(longestFirst(parts.filter(isWaiting)), runPart),
      busy.map(parts.filter((part) => !isWaiting(part)), runPart),
    ]);
  } finally {
    await preparing;
    await databases.stop();
    await Promise.all(endings.map((end) => end()));
    folder.remove();
  }
}

function longestFirst(parts: Part[]): Part[] {
  return parts.toSorted((a, b) =>
    waitingSuites.indexOf(a.suite) - waitingSuites.indexOf(b.suite)
  );
}

/** Makes the databases; the reason, if that fails. */
async function prepare(
  parts: Part[],
  databases: Databases,
): Promise<Error | undefined> {
  try {
    await databases.prepare(parts.flatMap(({ needs }) => needs));
  } catch (cause) {
    return new Error("the databases could not be made", { cause });
  }
}

async function outcomeOf(part: Part, run: Run): Promise<Outcome> {
  try {
    return await part.run(run);
  } catch (error) {
    return broken(error);
  }
}
