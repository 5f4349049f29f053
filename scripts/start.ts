// `npm start`: brings the local stack up, says where it is, and then tells what
// happens in it, line by line, until Ctrl-C.
import * as path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { administrator } from "./stack/administrator.ts";
import { parseDuration } from "./stack/duration.ts";
import { eventLine } from "./stack/events.ts";
import { StackProblem } from "./stack/problem.ts";
import { defaultStackFolder } from "./stack/running_stack.ts";
import { type Stack, type StackOptions, startStack } from "./stack/stack.ts";

const help = `npm start -- [options]

Starts the local stack: Postgres with the migrations applied, the REST and Auth
API, resumable uploads as to Storage, the Edge Functions, a schedule that calls
the reaper, and the example app. Ctrl-C stops it.

  --api-port <port>          the API's port (54321)
  --db-port <port>           Postgres' port (54322)
  --app-port <port>          the example app's port (5173)
  --data <folder>            where data and logs are kept (.stack)
  --reap-every <time>        how often the reaper is called (60s)
  --lease <time>             how long a session lives without a heartbeat
  --heartbeat-every <time>   how often a client is to give one
  --max-duration <time>      how long a session may last in all
  --help                     this text

A time is a number with a unit: 500ms, 5s, 10m, 1h. The last three change
sessions.settings, where they stay until they are changed again.
`;

const usageError = 2;

/** How long a clean stop may take before the process ends anyway. */
const stopMayTakeMs = 60_000;

// When Postgres goes while the driver is about to write to it, the driver throws
// from a timer of its own, where nobody can catch it; "broken" tells of it.
addEventListener("error", (event) => {
  const { error } = event;
  if (error instanceof TypeError && /\bnextWrite\b/.test(`${error.stack}`)) {
    event.preventDefault();
  }
});

const began = performance.now();
const options = readOptions(Deno.args);
const stopRequested = untilAskedToStop();
try {
  const stack = await startStack(options);
  if (!stopRequested.already) announce(stack, options.folder);
  const wasBroken = await Promise.race([
    stopRequested.then(() => false),
    stack.broken.then(() => true),
  ]);
  const giveUp = setTimeout(() => Deno.exit(1), stopMayTakeMs);
  await stack.stop();
  clearTimeout(giveUp);
  if (wasBroken) {
    throw new StackProblem(
      `Postgres has ended by itself; ${options.folder}/postgres.log may say ` +
        `why. "npm start" brings it back.`,
    );
  }
  console.log("Stopped.");
  Deno.exit(0);
} catch (error) {
  // a Ctrl-C during the start also ends what the start was waiting for
  if (stopRequested.already) Deno.exit(0);
  if (!(error instanceof StackProblem)) throw error;
  console.error(error.message);
  Deno.exit(1);
}

function readOptions(args: string[]): StackOptions {
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      args,
      options: {
        "api-port": text,
        "db-port": text,
        "app-port": text,
        data: text,
        "reap-every": text,
        lease: text,
        "heartbeat-every": text,
        "max-duration": text,
        help: { type: "boolean" },
      },
    });
    if (values.help) {
      console.log(help.trimEnd());
      Deno.exit(0);
    }
    return {
      folder: path.resolve(values.data ?? defaultStackFolder),
      apiPort: port("--api-port", values["api-port"] ?? "54321"),
      dbPort: port("--db-port", values["db-port"] ?? "54322"),
      appPort: port("--app-port", values["app-port"] ?? "5173"),
      reapEveryMs: duration("--reap-every", values["reap-every"] ?? "60s")!,
      durable: true,
      times: {
        lease: duration("--lease", values.lease),
        heartbeatEvery: duration(
          "--heartbeat-every",
          values["heartbeat-every"],
        ),
        maxDuration: duration("--max-duration", values["max-duration"]),
      },
      onEvent: (event) =>
        console.log(eventLine(event, { at: new Date(), colour: hasColour() })),
    };
  } catch (error) {
    console.error((error as Error).message);
    console.error(`"npm start -- --help" lists the options.`);
    Deno.exit(usageError);
  }
}

function port(option: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 65535) return number;
  throw new StackProblem(`${option} wants a port from 1 to 65535: ${text}`);
}

function duration(option: string, text?: string): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new StackProblem(`${option} wants a time, such as 5s or 10m: ${text}`);
}

function announce(stack: Stack, folder: string) {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const { lease, heartbeat_every, max_duration } = stack.times;
  console.log(`
The local stack is up, after ${seconds} s.

${appLines(stack)}

  API          ${stack.apiUrl}
  Database     ${stack.dbUrl}
               psql "${stack.dbUrl}"

  Keys: good for nothing but this stack, and the same on every machine
  publishable  ${stack.keys.publishable}
  secret       ${stack.keys.secret.default}
  cron         ${stack.keys.secret.cron}

  Times        lease ${lease}, heartbeat every ${heartbeat_every}, in all ${max_duration}
  Data, logs   ${folder}

In another terminal, "npm run rehearse" plays the whole story. Ctrl-C stops.
`);
}

function appLines({ app }: Stack): string {
  if (!app) return "";
  if ("problem" in app) {
    const indented = app.problem.replaceAll("\n", "\n               ");
    return `  App          could not be built: ${indented}`;
  }
  const { email, password } = administrator;
  return `  App          ${app.url}
  Admin page   ${app.url}/admin
               ${email}, password ${password}`;
}

/**
 * Resolves at the first signal; a second one, which a Ctrl-C may well bring,
 * changes nothing. Also when scripts/run.mjs was killed and could pass none on.
 */
function untilAskedToStop(): Promise<void> & { already: boolean } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked = Object.assign(promise, { already: false });
  const ask = () => {
    asked.already = true;
    resolve();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, ask);
  }
  const runner = Number(Deno.env.get("INTERVIEW_SESSIONS_RUNNER"));
  if (runner) {
    setInterval(() => {
      if (process.ppid !== runner) ask();
    }, 500);
  }
  return asked;
}

function hasColour(): boolean {
  return Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR");
}
