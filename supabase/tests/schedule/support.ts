// What the tests of the schedule share: the recipes as docs/scheduling.md has
// them, a stand-in for the project on the other side of the network, and what
// every recipe must do with it.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import process from "node:process";
import { repositoryRoot } from "../../../scripts/stack/paths.ts";
import { debianPackage } from "../../../scripts/test/debian.ts";
import { recipesOf } from "../../../scripts/test/recipes.ts";

export { repositoryRoot };

/** Where the function is, from the project's URL on. */
export const functionPath = "/functions/v1/reap-stale-sessions";

/** The variable of the secret key, and a key that opens nothing. */
export const keyVariable = "INTERVIEW_SESSIONS_SECRET_KEY";
export const key = "sb_secret_never_to_be_seen_in_any_output";

/** The code block of docs/scheduling.md that is marked with this name. */
export const recipe = recipesOf("docs/scheduling.md");

/** The recipe for Cloudflare, as a module. */
export interface Worker {
  default: {
    scheduled(event: unknown, env: Record<string, string>): Promise<void>;
  };
}

/** The recipe for Vercel, as a module. */
export interface Route {
  dynamic: string;
  maxDuration: number;
  GET(request: Request): Promise<Response>;
}

/** A file of the repository. */
export function file(...names: string[]): string {
  return fs.readFileSync(path.join(repositoryRoot, ...names), "utf8");
}

/** A folder for one test, gone after it. */
export function folder(): Disposable & { path: string } {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), "schedule-"));
  return {
    path: made,
    [Symbol.dispose]: () => fs.rmSync(made, { recursive: true }),
  };
}

/** Is the tool there; and, if an option of its follows, does it know that? */
export function isThere(tool: string): boolean {
  const [name, option] = tool.split(" ");
  const found = isIn((process.env.PATH ?? "").split(path.delimiter), name) ||
    isBroughtByDebian(name);
  if (!found || option === undefined) return found;
  const { stdout } = new Deno.Command(name, { args: ["--help"] }).outputSync();
  return new TextDecoder().decode(stdout).includes(option);
}

function isIn(folders: string[], name: string): boolean {
  return folders.some((folder) => fs.existsSync(path.join(folder, name)));
}

/** Packages that are named like their one program. */
const debianTools = ["shellcheck"];

/** Puts the tool's folder on the path, if Debian has it and it starts. */
function isBroughtByDebian(name: string): boolean {
  if (!debianTools.includes(name)) return false;
  const root = debianPackage(name);
  if (typeof root !== "string") return false;
  const folder = ["usr/bin", "bin"].map((bin) => path.join(root, bin))
    .find((bin) => isIn([bin], name));
  if (folder === undefined) return false;
  const { success } = new Deno.Command(path.join(folder, name), {
    args: ["--help"],
  }).outputSync();
  if (success) process.env.PATH += path.delimiter + folder;
  return success;
}

/** A test that is skipped, and says why, where a tool is missing. */
export function testWith(
  tools: string[],
  name: string,
  fn: () => void | Promise<void>,
) {
  const missing = tools.filter((tool) => !isThere(tool));
  Deno.test({
    name: missing.length === 0
      ? name
      : `${name} (skipped: no ${missing.join(", no ")} here)`,
    ignore: missing.length > 0,
    fn,
  });
}

/** How a program ended. */
export interface Ended {
  code: number;
  out: string;
  /** Everything that was printed. */
  all: string;
}

/** Runs a program with this environment and no other. */
export async function run(
  command: string[],
  env: Record<string, string> = {},
  o: { cwd?: string } = {},
): Promise<Ended> {
  const { PATH = "", HOME = "" } = process.env;
  const { code, stdout, stderr } = await new Deno.Command(command[0], {
    args: command.slice(1),
    cwd: o.cwd,
    clearEnv: true,
    env: { PATH, HOME, NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  );
  assert(!(out + err).includes(key), `the key was printed:\n${out}${err}`);
  return { code, out, all: out + err };
}

/**
 * An environment in which `npx` runs this repository's package, which may not be
 * published yet.
 */
export function withNpx(folder: string): Record<string, string> {
  const bin = path.join(folder, "bin");
  fs.mkdirSync(bin);
  const command = [
    ...[Deno.execPath(), "run", "-A", "--no-lock", "--cached-only"],
    ...["--node-modules-dir=manual", "--config"],
    path.join(repositoryRoot, "deno.json"),
    path.join(repositoryRoot, "cli", "main.ts"),
  ].map((part) => `'${part}'`).join(" ");
  fs.writeFileSync(
    path.join(bin, "npx"),
    `#!/bin/sh
while [ "$1" = --yes ] || [ "$1" = --prefer-offline ]; do shift; done
case $1 in interview-sessions | interview-sessions@*) shift ;; *) exit 127 ;; esac
exec ${command} "$@"
`,
    { mode: 0o755 },
  );
  return { PATH: `${bin}${path.delimiter}${process.env.PATH ?? ""}` };
}

/** A request that has come in. */
export interface Call {
  method: string;
  path: string;
  headers: Headers;
  body: string;
  /** Command lines of the machine, at that moment, that had the key in them. */
  keyInCommandLines: string[];
}

/** What stands on the other side of the network. */
export interface StandIn extends AsyncDisposable {
  url: string;
  calls: Call[];
}

/** What it answers: a status and a body, or one after the other. */
export type Answer = { status: number; body?: unknown } | Response;

/** A project that answers in this way, whatever is asked. */
export function standIn(...answers: Answer[]): StandIn {
  const calls: Call[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      calls.push({
        method: request.method,
        path: new URL(request.url).pathname,
        headers: request.headers,
        body: await request.text(),
        keyInCommandLines: commandLines().filter((line) => line.includes(key)),
      });
      const answer = answers[Math.min(calls.length, answers.length) - 1];
      return answer instanceof Response
        ? answer.clone()
        : Response.json(answer.body ?? {}, { status: answer.status });
    },
  );
  const { port } = server.addr;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Of all that runs on this machine; none where there is no /proc. */
function commandLines(): string[] {
  if (!fs.existsSync("/proc/self/cmdline")) return [];
  return fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [fs.readFileSync(`/proc/${pid}/cmdline`, "utf8")];
      } catch {
        return []; // it has ended by now
      }
    });
}

/** A project that cannot be reached. */
export function nobody(): StandIn {
  return {
    // reserved for a service of old; a free port could be taken by another test
    url: "http://127.0.0.1:9",
    calls: [],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A run as the function answers it. */
export function run200(status = "ok"): Answer {
  return {
    status: 200,
    body: {
      reaped: 1,
      batches: 1,
      by_reason: { expired: 1 },
      duration_ms: 12,
      drained: true,
      health: { status, reason: `The health is ${status}.` },
    },
  };
}

/** Answers that no recipe may take for a run. */
export const failures: Record<string, Answer> = {
  "401": { status: 401, body: { message: "Invalid API key" } },
  "403": { status: 403, body: { message: "Not for this function." } },
  "404": { status: 404, body: { message: "Function not found" } },
  // the status is what counts, whatever the body says
  "500": { ...run200(), status: 500 },
  "503": { status: 503, body: { code: "40001", message: "Try again." } },
  "a redirect": new Response(null, {
    status: 302,
    headers: { location: "http://127.0.0.1:9/" },
  }),
  "another site": new Response("<html>Welcome</html>"),
};

/** Asserts that this is a call of the reaper as the function wants it. */
export function assertGoodCall(call: Call | undefined, wantedKey = key) {
  assert(call, "the project was not called");
  assert.equal(call.method, "POST");
  assert.equal(call.path, functionPath);
  assert.equal(call.headers.get("apikey"), wantedKey);
  assert.equal(call.headers.get("authorization"), null);
  assert.equal(call.body, "");
  assert.deepEqual(call.keyInCommandLines, [], "others can see the key");
}

/** Runs a recipe's command with these settings. */
export type Caller = (settings: Record<string, string>) => Promise<Ended>;

/**
 * What every recipe that is a command must do. `critical` is how it exits when
 * the health is critical.
 */
export function testCommand(
  what: string,
  o: {
    tools: string[];
    critical: number;
    call: Caller;
  },
) {
  const settings = (url: string) => ({ SUPABASE_URL: url, [keyVariable]: key });

  testWith(
    o.tools,
    `${what} calls the reaper with POST and the key`,
    async () => {
      await using project = standIn(run200());

      const { code, all } = await o.call(settings(project.url));

      assert.equal(code, 0, all);
      assert.equal(project.calls.length, 1);
      assertGoodCall(project.calls[0]);
      assert.match(
        all,
        /"reaped":1,|^Reaped 1 stale session /m,
        "it says what was reaped",
      );
    },
  );

  testWith(
    o.tools,
    `${what} takes a URL with a slash, a key with a line end`,
    async () => {
      await using project = standIn(run200());

      const { code, all } = await o.call({
        SUPABASE_URL: `${project.url}/`,
        [keyVariable]: `${key}\n`,
      });

      assert.equal(code, 0, all);
      assertGoodCall(project.calls[0]);
    },
  );

  const failingCalls = {
    ...Object.fromEntries(
      Object.entries(failures)
        .map(([name, answer]) => [name, () => standIn(answer)]),
    ),
    "nobody there": nobody,
  };
  testWith(
    o.tools,
    `${what} fails when the call fails, and says so`,
    async () => {
      await Promise.all(
        Object.entries(failingCalls).map(async ([name, start]) => {
          await using project = start();
          const { code, all } = await o.call(settings(project.url));
          assert.equal(code, 1, `${name}: ${all}`);
          assert.match(all, /\w/, name);
          if (start !== nobody) assertGoodCall(project.calls[0]);
        }),
      );
    },
  );

  testWith(
    o.tools,
    `B2: ${what} fails when the health is critical`,
    async () => {
      await using project = standIn(run200("critical"));
      await using warned = standIn(run200("warning"));

      const { code, all } = await o.call(settings(project.url));

      assert.equal(code, o.critical, all);
      assert.match(all, /The health is critical\./);
      assert.equal((await o.call(settings(warned.url))).code, 0, "a warning");
    },
  );

  testWith(
    o.tools,
    `B2: ${what} pings the dead man's switch after a good run alone`,
    async () => {
      await using theSwitch = standIn({ status: 200 });
      const pings = (project: StandIn) =>
        o.call({ ...settings(project.url), PING_URL: `${theSwitch.url}/ping` });
      await using good = standIn(run200());
      await using critical = standIn(run200("critical"));
      await using failing = standIn(failures["401"]);

      await pings(critical);
      await pings(failing);
      assert.equal(theSwitch.calls.length, 0);
      await pings(good);

      assert.equal(theSwitch.calls.length, 1);
      const [{ path, headers }] = theSwitch.calls;
      assert.equal(path, "/ping");
      assert.equal(
        headers.get("apikey"),
        null,
        "the key is not for the switch",
      );
    },
  );

  testWith(
    o.tools,
    `${what} succeeds also when the ping does not`,
    async () => {
      await using project = standIn(run200());
      await using theSwitch = standIn({ status: 404 });

      const { code, all } = await o.call({
        ...settings(project.url),
        PING_URL: theSwitch.url,
      });

      assert.equal(code, 0, all);
      assert.match(all, /ping failed/);
    },
  );
}

/** Seconds between two runs of a cron expression that runs every so often. */
export function cronSeconds(expression: string): number {
  const every = /^\*(?:\/([1-9]\d?))? \* \* \* \*$/.exec(expression);
  assert(every, `not every so many minutes: ${expression}`);
  const minutes = Number(every[1] ?? 1);
  assert.equal(60 % minutes, 0, `${expression} is not regular`);
  return minutes * 60;
}
