// Serves the Edge Functions of supabase/functions: each in its own Deno process,
// with its own deno.json and a clean environment, as on the platform.
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { parseEnv } from "node:util";
import { followParent } from "./unprivileged.ts";

/** What the functions are served with. */
export interface FunctionsOptions {
  /** The folder that holds one folder per function. */
  folder: string;
  /** Their environment, in addition to what Deno needs. */
  env: Record<string, string>;
  /** Called with every line they print. */
  onLine?(name: string, line: string): void;
}

/** Functions that can be called. */
export interface Functions {
  /** Their names. */
  names: string[];
  /** Answers a request to `/functions/v1/<name>`, starting it if need be. */
  answer(request: Request, name: string): Promise<Response>;
  /** Starts all of them, so that the first call does not have to wait. */
  warmUp(): Promise<void>;
  /** Ends them. */
  stop(): Promise<void>;
}

interface Running {
  child: Deno.ChildProcess;
  /** Its address once it listens; undefined if it ended before that. */
  address: Promise<string | undefined>;
}

/** The platform gives up on a function that takes longer to answer. */
const answerMayTakeMs = 150_000;

/** Makes the functions ready to be called. */
export function serveFunctions(o: FunctionsOptions): Functions {
  const names = functionNames(o.folder);
  const running = new Map<string, Running>();

  const start = (name: string): Running => {
    const known = running.get(name);
    if (known) return known;
    const started = launch(name, o);
    running.set(name, started);
    started.child.status.then(() => running.delete(name));
    return started;
  };

  return {
    names,
    async answer(request, name) {
      if (!names.includes(name)) {
        return failure(404, "NOT_FOUND", "Requested function was not found");
      }
      const address = await start(name).address;
      if (!address) {
        return failure(
          503,
          "BOOT_ERROR",
          "Function failed to start (please check logs)",
        );
      }
      return await forward(request, address);
    },
    async warmUp() {
      await Promise.all(names.map((name) => start(name).address));
    },
    async stop() {
      const all = [...running.values()];
      for (const { child } of all) child.kill("SIGKILL");
      await Promise.all(all.map(({ child }) => child.status));
    },
  };
}

/**
 * What the developer adds to the environment of the functions: the file `.env` in
 * their folder, which the Supabase CLI reads, too. It also ignores SUPABASE_…
 */
export function ownEnvironment(folder: string): Record<string, string> {
  const file = path.join(folder, ".env");
  if (!fs.existsSync(file)) return {};
  return Object.fromEntries(
    Object.entries(parseEnv(fs.readFileSync(file, "utf8")))
      .flatMap(([name, value]) =>
        value === undefined || name.startsWith("SUPABASE_")
          ? []
          : [[name, value]]
      ),
  );
}

function functionNames(folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder).filter((name) =>
    /^[A-Za-z][A-Za-z0-9_-]*$/.test(name) &&
    fs.existsSync(path.join(folder, name, "index.ts"))
  );
}

function launch(name: string, o: FunctionsOptions): Running {
  const folder = path.join(o.folder, name);
  const ownConfig = path.join(folder, "deno.json");
  const preload = new URL("end_with_parent.ts", import.meta.url).href;
  const { command, args } = followParent(Deno.execPath(), [
    ...["serve", "--allow-net", "--allow-env", "--allow-read", "--allow-sys"],
    ...["--no-prompt", "--no-lock", "--cached-only"],
    // without it, Deno asks the network because of the function's deno.json
    "--node-modules-dir=manual",
    ...["--preload", preload, "--host", "127.0.0.1", "--port", "0"],
    ...(fs.existsSync(ownConfig) ? ["--config", ownConfig] : ["--no-config"]),
    path.join(folder, "index.ts"),
  ]);
  const child = new Deno.Command(command, {
    args,
    cwd: folder,
    clearEnv: true,
    env: { ...whatDenoNeeds(), ...o.env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();

  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: Readable.from(stream) }).on("line", (line) => {
      const [, address] = /^deno serve: Listening on (http:\S+?)\/?$/
        .exec(line) ?? [];
      if (address) resolve(address);
      else if (line.trim() !== "") o.onLine?.(name, line);
    });
  }
  child.status.then(() => resolve(undefined));
  return { child, address: promise };
}

async function forward(request: Request, address: string): Promise<Response> {
  const url = new URL(request.url);
  const headers = new Headers(request.headers);
  headers.delete("host");
  try {
    return await fetch(
      address + url.pathname.slice("/functions/v1".length) + url.search,
      {
        method: request.method,
        headers,
        body: request.body,
        redirect: "manual",
        signal: AbortSignal.timeout(answerMayTakeMs),
      },
    );
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return failure(504, "IDLE_TIMEOUT", "Function did not answer in time");
    }
    return failure(503, "WORKER_ERROR", "Function ended while answering");
  }
}

function whatDenoNeeds(): Record<string, string> {
  const kept = ["PATH", "HOME", "TMPDIR", "DENO_DIR", "XDG_CACHE_HOME"];
  const env: Record<string, string> = { NO_COLOR: "1" };
  for (const name of kept) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

function failure(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, { status });
}
