// Runs parts, a few at a time, on databases that are there for this run alone.
import { type Databases, databasesIn } from "./databases.ts";
import { broken, type Outcome, type Part, type Run } from "./part.ts";
import type { Report } from "./report.ts";
import { makeRunFolder } from "./run_folder.ts";

/** How many run at once: there are two cores. */
const atOnce = 3;

/** Runs all parts and reports them; ends early when `signal` aborts. */
export async function runParts(
  parts: Part[],
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const folder = await makeRunFolder();
  const databases = databasesIn(folder.path);
  const run: Run = {
    folder: folder.path,
    signal,
    withDatabase: (template, work) => databases.withCopy(template, work),
    adminUrl: (major) => databases.adminUrl(major),
  };
  try {
    const problem = await prepare(parts, databases);
    const queue = [...parts];
    const work = async () => {
      for (;;) {
        const part = signal.aborted ? undefined : queue.shift();
        if (!part) return;
        const began = performance.now();
        const outcome = problem && part.needs.length > 0
          ? broken(problem)
          : await outcomeOf(part, run);
        // what an interruption breaks is no failure
        if (signal.aborted) return;
        report.add(part, outcome, (performance.now() - began) / 1000);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  } finally {
    await databases.stop();
    folder.remove();
  }
}

/** The reason why there are no databases, if there are none. */
async function prepare(
  parts: Part[],
  databases: Databases,
): Promise<unknown | undefined> {
  try {
    await databases.prepare(parts.flatMap(({ needs }) => needs));
  } catch (error) {
    return new Error("the databases could not be made", { cause: error });
  }
}

async function outcomeOf(part: Part, run: Run): Promise<Outcome> {
  try {
    return await part.run(run);
  } catch (error) {
    return broken(error);
  }
}
