// The example app, examples/interview-room: built when its sources have changed
// and served as files. What differs from stack to stack is in its config.json,
// so that one build serves them all.
import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { nodeModules, repositoryRoot } from "./paths.ts";
import { requireFreePort } from "./ports.ts";
import { StackProblem } from "./problem.ts";

/** Where the app's sources are. */
export const appSource = path.join(repositoryRoot, "examples/interview-room");

/** The client's sources, which the app imports as the package. */
const clientSource = path.join(repositoryRoot, "client");

/** Where builds are kept, each in a folder named after what it was made of. */
export const appBuilds = path.join(repositoryRoot, ".stack", "app");

/** What the app's pages ask for before anything else. */
export interface AppConfig {
  /** The API, as supabase-js wants it. */
  apiUrl: string;
  /** What opens it. */
  publishableKey: string;
}

/** A build: its files by their path in the URL. */
export type AppFiles = Map<string, Uint8Array<ArrayBuffer>>;

/** Builds the app, unless these very sources have been built before. */
export async function buildApp(
  o: { source?: string; builds?: string } = {},
): Promise<AppFiles> {
  const source = o.source ?? appSource;
  const builds = o.builds ?? appBuilds;
  const build = path.join(builds, hashOf(source));
  if (!fs.existsSync(build)) await runVite(source, builds, build);
  return filesIn(build);
}

/** Serves a build. */
export function serveApp(
  o: { port: number; files: AppFiles; config: AppConfig },
): { url: string; stop(): Promise<void> } {
  requireFreePort(o.port, "the app", "--app-port");
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: o.port, onListen: () => {} },
    (request) => answer(request, o.files, o.config),
  );
  return {
    url: `http://127.0.0.1:${o.port}`,
    stop: () => server.shutdown(),
  };
}

function answer(
  request: Request,
  files: AppFiles,
  config: AppConfig,
): Response {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
  }
  // "no-cache" asks before it is used again; "no-store" would also keep a page
  // out of the browser's back/forward cache
  const fresh = { "cache-control": "no-cache" };
  const { pathname } = new URL(request.url);
  if (pathname === "/config.json") {
    return Response.json(config, { headers: fresh });
  }
  const isPage = !path.posix.extname(pathname);
  const name = isPage ? "/index.html" : pathname;
  const file = files.get(name);
  if (!file) return new Response("There is no such file.", { status: 404 });
  const isNamedByContent = name.startsWith("/assets/");
  return new Response(file, {
    headers: {
      "content-type": contentTypes[path.posix.extname(name)] ??
        "application/octet-stream",
      "x-content-type-options": "nosniff",
      ...(isNamedByContent
        ? { "cache-control": "public, max-age=31536000, immutable" }
        : fresh),
    },
  });
}

const contentTypes: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

async function runVite(source: string, builds: string, build: string) {
  const unfinished = path.join(builds, `unfinished-${randomUUID()}`);
  try {
    const vite = await new Deno.Command("node", {
      args: [
        ...[path.join(nodeModules, "vite", "bin", "vite.js"), "build"],
        ...["--outDir", unfinished, "--emptyOutDir", "--logLevel", "warn"],
      ],
      cwd: source,
      env: { NO_COLOR: "1", NODE_ENV: "production" },
      stdin: "null",
    }).output();
    if (!vite.success) {
      const said = [vite.stderr, vite.stdout]
        .map((bytes) => new TextDecoder().decode(bytes)).join("").trim();
      throw new StackProblem(`vite build, in ${source}, says:\n${said}`);
    }
    try {
      fs.renameSync(unfinished, build);
    } catch (error) {
      // another start has built the same in the meantime
      if (!fs.existsSync(build)) throw error;
    }
    removeOld(builds, build);
  } finally {
    fs.rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Served from memory, a build may go at any time; others may be at work. */
function removeOld(builds: string, build: string) {
  const anHourAgo = Date.now() - 3_600_000;
  for (const name of fs.readdirSync(builds)) {
    const folder = path.join(builds, name);
    const modified = fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
    if (folder !== build && modified && modified < anHourAgo) {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
}

function hashOf(source: string): string {
  const hash = createHash("sha256");
  const lock = path.join(repositoryRoot, "package-lock.json");
  hash.update(fs.readFileSync(lock));
  for (const [name, bytes] of [...filesIn(source), ...filesIn(clientSource)]) {
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

function filesIn(folder: string): AppFiles {
  return new Map(
    fs.readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => path.join(parentPath, name))
      .filter((file) => !file.includes(`${path.sep}node_modules${path.sep}`))
      .sort()
      .map((file) => [
        `/${path.relative(folder, file).split(path.sep).join("/")}`,
        new Uint8Array(fs.readFileSync(file)),
      ]),
  );
}
