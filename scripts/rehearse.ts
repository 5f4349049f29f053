// `npm run rehearse`: plays the story of a crash with real users on a running
// stack, or on one of its own, and says at each step what was asked and what was
// answered.
import * as path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import {
  type BorrowedTimes,
  borrowTimes,
  type TimesInSeconds,
} from "./rehearse/borrowed_times.ts";
import { playStory } from "./rehearse/story.ts";
import { ContractBroken, duration, startTelling } from "./rehearse/telling.ts";
import { parseDuration } from "./stack/duration.ts";
import { localKeys } from "./stack/keys.ts";
import { freePort } from "./stack/ports.ts";
import { StackProblem } from "./stack/problem.ts";
import { defaultStackFolder, findRunningStack } from "./stack/running_stack.ts";
import type { SessionTimes } from "./stack/session_times.ts";
import { startStack } from "./stack/stack.ts";

const help = `npm run rehearse -- [options]

Plays the story of a crash on the local stack that runs, or else on one that it
brings up and removes again: start, crash, refusal, takeover, the zombie, and
the scheduled reaper. Ends with 1 where an answer is not the contract's.

  --lease <time>             how long a session lives without a heartbeat
  --heartbeat-every <time>   how often a client is to give one
  --reap-every <time>        how often the reaper is called, on a stack of its
                             own (60s, or the lease if that is shorter)
  --reap-within <time>       how late the reaper may be before it counts as
                             stopped (60s)
  --data <folder>            where the running stack keeps its data (.stack)
  --help                     this text

A time is a number with a unit: 500ms, 5s, 10m, 1h. The first two change the
settings of a running stack while the rehearsal waits for a lease to run out. A
lease of 5 minutes makes it last minutes; with --lease 5s it takes seconds.
`;

const exit = { broken: 1, usage: 2, interrupted: 130 } as const;

/** What comes between the last wait and the end, and before the first. */
const storyItselfSeconds = 5;

const aMinute = 60_000;

interface Options {
  folder: string;
  times: SessionTimes;
  reapEveryMs?: number;
  reapWithinMs: number;
}

/** A stack to play on. */
interface Surroundings {
  apiUrl: string;
  dbUrl: string;
  isOwn: boolean;
  leave(): Promise<void>;
}

const options = readOptions(process.argv.slice(2));
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => interruption.abort());
}
process.exit(await rehearse(options, interruption.signal));

async function rehearse(o: Options, stop: AbortSignal): Promise<number> {
  const telling = startTelling();
  let surroundings: Surroundings | undefined;
  let borrowed: BorrowedTimes | undefined;
  try {
    surroundings = await surroundingsFor(o);
    const { apiUrl, dbUrl, isOwn } = surroundings;
    borrowed = await borrowTimes(dbUrl, o.times);
    const { times } = borrowed;
    console.log(prologue(surroundings, times, o));
    await playStory({
      apiUrl,
      publishableKey: localKeys.publishable,
      shortLease: borrowed,
      reapEvery: times.reapEvery,
      reapWithin: o.reapWithinMs / 1000,
      stop,
    }, telling);
    console.log(
      `\nAll of it is as the contract says: ${telling.held()} checks held.` +
        (isOwn ? "" : " Ada's and Ben's history stays in the stack."),
    );
    return 0;
  } catch (error) {
    if (stop.aborted) {
      console.error("\nStopped before the end.");
      return exit.interrupted;
    }
    if (!(error instanceof ContractBroken || error instanceof StackProblem)) {
      throw error;
    }
    console.error(`\n${error.message}`);
    return exit.broken;
  } finally {
    await borrowed?.giveBack();
    await surroundings?.leave();
  }
}

async function surroundingsFor(o: Options): Promise<Surroundings> {
  const running = await findRunningStack(o.folder);
  if (!running) return await ownStack(o);
  const { apiUrl, dbUrl } = running;
  return { apiUrl, dbUrl, isOwn: false, leave: () => Promise.resolve() };
}

async function ownStack(o: Options): Promise<Surroundings> {
  console.log("No stack is running here; bringing one up for the rehearsal.");
  const folder = await Deno.makeTempDir({ prefix: "rehearsal-" });
  try {
    const { apiUrl, dbUrl, stop } = await startStack({
      folder,
      apiPort: freePort(),
      dbPort: freePort(),
      appPort: null,
      reapEveryMs: o.reapEveryMs ?? Math.min(aMinute, o.times.lease ?? aMinute),
      durable: false,
    });
    return {
      apiUrl,
      dbUrl,
      isOwn: true,
      async leave() {
        await stop();
        await Deno.remove(folder, { recursive: true });
      },
    };
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

function prologue(
  { apiUrl, isOwn }: Surroundings,
  times: TimesInSeconds,
  o: Options,
): string {
  const { lease, heartbeatEvery, reapEvery } = times;
  const longest = lease + reapEvery + storyItselfSeconds;
  return [
    "",
    `Interview sessions: a rehearsal on ${apiUrl}` +
    (isOwn ? ", a stack of its own." : ", the stack that is running."),
    `Lease ${duration(lease)}, heartbeat every ${duration(heartbeatEvery)}, ` +
    `reaper every ${duration(reapEvery)}: ` +
    `this takes ${duration(lease)} to ${duration(longest)}.` +
    (lease >= 60 ? " With -- --lease 5s it takes seconds." : ""),
    ...(o.reapEveryMs !== undefined && !isOwn
      ? ["A running stack keeps its schedule: --reap-every changes nothing."]
      : []),
  ].join("\n");
}

function readOptions(args: string[]): Options {
  try {
    const text = { type: "string" } as const;
    const { values } = parseArgs({
      args,
      options: {
        lease: text,
        "heartbeat-every": text,
        "reap-every": text,
        "reap-within": text,
        data: text,
        help: { type: "boolean" },
      },
    });
    if (values.help) {
      console.log(help.trimEnd());
      process.exit(0);
    }
    return {
      folder: path.resolve(values.data ?? defaultStackFolder),
      times: {
        lease: time("--lease", values.lease),
        heartbeatEvery: time("--heartbeat-every", values["heartbeat-every"]),
      },
      reapEveryMs: time("--reap-every", values["reap-every"]),
      reapWithinMs: time("--reap-within", values["reap-within"]) ?? aMinute,
    };
  } catch (error) {
    console.error((error as Error).message);
    console.error(`"npm run rehearse -- --help" lists the options.`);
    process.exit(exit.usage);
  }
}

function time(option: string, text?: string): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new Error(`${option} wants a time, such as 5s or 10m: ${text}`);
}
