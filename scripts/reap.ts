// `npm run reap`: calls the reaper of a project once, over HTTP, and says what
// came of it. For schedulers: its exit code is an alarm.
import process from "node:process";
import { parseArgs } from "node:util";
import { callReaper, ReapProblem, runLine } from "./reap/call_reaper.ts";
import { parseDuration } from "./stack/duration.ts";

const secretVariable = "INTERVIEW_SESSIONS_SECRET_KEY";

const help = `npm run reap -- --url https://<project>.supabase.co [options]

Calls the Edge Function reap-stale-sessions of a project once: stale interview
sessions go to the history. The secret key, the one named "default" or "cron",
is read from the environment variable ${secretVariable}.

  --url <url>        the project's URL
  --json             print the function's answer as JSON
  --timeout <time>   how long to wait for the answer (90s)
  --help             this text

Exit code  0  reaped, or nothing to reap
           1  the run failed, or could not be made
           2  something is wrong with the command or its environment
           3  reaped, but the component's health is critical
`;

const exit = { failed: 1, usage: 2, critical: 3 } as const;

class UsageProblem extends Error {}

try {
  const { json, ...call } = readCommand(process.argv.slice(2));
  const run = await callReaper(call);
  console.log(shown(json ? JSON.stringify(run) : runLine(run)));
  if (run.health.status === "critical") process.exit(exit.critical);
} catch (error) {
  if (error instanceof UsageProblem) fail(error, exit.usage);
  if (error instanceof ReapProblem) fail(error, exit.failed);
  throw error;
}

function readCommand(args: string[]) {
  if (args.some(holdsSecret)) {
    throw new UsageProblem(
      `A secret key does not belong on the command line, where others can ` +
        `see it. Put it in the environment variable ${secretVariable}; and ` +
        `since it may have been seen, make a new one.`,
    );
  }
  const { url, timeout, ...values } = parse(args);
  if (values.help) {
    console.log(help.trimEnd());
    process.exit(0);
  }
  if (url === undefined) {
    throw new UsageProblem(
      `Which project? Give its URL: --url https://<project>.supabase.co`,
    );
  }
  const timeoutMs = parseDuration(timeout);
  if (timeoutMs === undefined) {
    throw new UsageProblem(`--timeout wants a time, such as 90s: ${timeout}`);
  }
  return {
    projectUrl: projectUrl(url),
    secretKey: secretKey(),
    timeoutMs,
    json: values.json,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        url: { type: "string" },
        json: { type: "boolean", default: false },
        timeout: { type: "string", default: "90s" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (cause) {
    throw new UsageProblem(
      `${
        (cause as Error).message
      }\n"npm run reap -- --help" lists the options.`,
      { cause },
    );
  }
}

/** Something like a secret key, or like a token of the older kind. */
function holdsSecret(argument: string): boolean {
  return /sb_secret_|eyJ[\w-]+\.eyJ/.test(argument);
}

function projectUrl(text: string): URL {
  const url = URL.parse(text);
  const isBare = url && url.pathname === "/" && !url.search && !url.hash &&
    !url.username && !url.password;
  if (!isBare || !/^https?:$/.test(url.protocol)) {
    throw new UsageProblem(
      `--url wants the project's URL alone, such as ` +
        `https://<project>.supabase.co: the path of the function is added.`,
    );
  }
  if (url.protocol === "http:" && !isThisMachine(url.hostname)) {
    throw new UsageProblem(
      `Over http the secret key would travel in the clear. Give the ` +
        `project's URL with https.`,
    );
  }
  return url;
}

function isThisMachine(hostname: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

function secretKey(): string {
  const key = (process.env[secretVariable] ?? "").trim();
  if (key === "") {
    throw new UsageProblem(
      `There is no secret key in the environment variable ${secretVariable}. ` +
        `Set it to the project's secret key named "default" or "cron".`,
    );
  }
  if (key.startsWith("sb_publishable_")) {
    throw new UsageProblem(
      `${secretVariable} holds a publishable key, which may not reap. Set it ` +
        `to the project's secret key named "default" or "cron".`,
    );
  }
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new UsageProblem(
      `${secretVariable} holds no key: there are blanks, line ends or other ` +
        `characters in it that no key has.`,
    );
  }
  return key;
}

/** Whatever it is that is printed: the key is not in it. */
function shown(text: string): string {
  const key = (process.env[secretVariable] ?? "").trim();
  return key === "" ? text : text.replaceAll(key, `<${secretVariable}>`);
}

function fail(error: Error, code: number): never {
  console.error(shown(error.message));
  process.exit(code);
}
